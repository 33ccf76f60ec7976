package provider

// AnswersLeft is how many answers of DingTalk could be worked on at this moment.
func (p *Provider) AnswersLeft() float64 {
	if p.answers.takeAbove(0) {
		p.answers.giveBack()
	}
	p.answers.mu.Lock()
	defer p.answers.mu.Unlock()
	return p.answers.left
}
