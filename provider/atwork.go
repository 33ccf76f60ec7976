package provider

import (
	"net/http"

	"github.com/dingbridge/dingbridge/provider/limits"
)

// atWork is the answer of a request that takes one of the replica's places, and one of its
// client's. It gives them back with the first byte: what is left then is to be sent, and
// whoever reads slowly must not hold up others.
type atWork struct {
	http.ResponseWriter
	place, client *limits.Gate
}

func (a *atWork) WriteHeader(status int) {
	a.leave()
	a.ResponseWriter.WriteHeader(status)
}

func (a *atWork) Write(b []byte) (int, error) {
	a.leave()
	return a.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (a *atWork) Unwrap() http.ResponseWriter { return a.ResponseWriter }

func (a *atWork) leave() {
	for _, gate := range [...]**limits.Gate{&a.place, &a.client} {
		if *gate != nil {
			(*gate).Leave()
			*gate = nil
		}
	}
}

// move takes a place among others, and gives the one it had back.
func (a *atWork) move(to *limits.Gate) bool {
	if a.place == to {
		return true
	}
	if !to.Enter() {
		return false
	}
	if a.place != nil {
		a.place.Leave()
	}
	a.place = to
	return true
}
