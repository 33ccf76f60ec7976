package provider

// MostLately bounds what [NewLately] remembers.
const MostLately = mostLately

// NewLately makes what tells whether there was something lately.
func NewLately() (first func(string) bool) { return new(lately).first }
