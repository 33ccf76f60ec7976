package telemetry

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"
)

// Go's own handlers put themselves on the default mux when they are linked, where any
// handler that is ever served by mistake would show them. These are as small, and read by
// `go tool pprof` alike.

const (
	profilesPath = "/debug/pprof/"
	usualSeconds = 30
	mostSeconds  = 45 // less than the server takes to write any answer
)

func isProfile(path string) bool { return strings.HasPrefix(path, profilesPath) }

func serveProfile(w http.ResponseWriter, r *http.Request) {
	switch name := strings.TrimPrefix(r.URL.Path, profilesPath); name {
	case "":
		listProfiles(w)
	case "profile":
		timed(w, r, "profile", func() error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile)
	case "trace":
		timed(w, r, "trace", func() error { return trace.Start(w) }, trace.Stop)
	default:
		p := pprof.Lookup(name)
		if p == nil {
			http.Error(w, "no such profile", http.StatusNotFound)
			return
		}
		debug, _ := strconv.Atoi(r.FormValue("debug"))
		if name == "heap" && r.FormValue("gc") == "1" {
			runtime.GC()
		}
		if debug > 0 {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		} else {
			attached(w, name)
		}
		_ = p.WriteTo(w, debug) // whoever asked has gone away
	}
}

func listProfiles(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	for _, p := range pprof.Profiles() {
		fmt.Fprintf(w, "%s%s?debug=1\t%d\n", profilesPath, p.Name(), p.Count())
	}
	fmt.Fprintf(w, "%sprofile?seconds=%d\n%strace?seconds=5\n", profilesPath, usualSeconds, profilesPath)
}

// timed runs a profile for as many seconds as are asked for, or until whoever asked goes
// away.
func timed(w http.ResponseWriter, r *http.Request, name string, start func() error, stop func()) {
	seconds, err := strconv.Atoi(r.FormValue("seconds"))
	if err != nil || seconds < 1 {
		seconds = usualSeconds
	}
	attached(w, name)
	if err := start(); err != nil {
		w.Header().Del("Content-Disposition")
		http.Error(w, "another one runs: "+err.Error(), http.StatusConflict)
		return
	}
	defer stop()
	timer := time.NewTimer(time.Duration(min(seconds, mostSeconds)) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}

func attached(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
}
