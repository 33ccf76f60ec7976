package clients

// A setOf is asked at every login; nil is empty.
type setOf[K comparable] map[K]struct{}

func (s *setOf[K]) put(keys ...K) {
	if *s == nil && len(keys) > 0 {
		*s = make(setOf[K], len(keys))
	}
	for _, key := range keys {
		(*s)[key] = struct{}{}
	}
}

func (s setOf[K]) has(key K) bool {
	_, has := s[key]
	return has
}

func newSetOf[K comparable](keys ...K) setOf[K] {
	var s setOf[K]
	s.put(keys...)
	return s
}
