package simulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// controls are the verbs under /control/.
func (s *Simulator) controls() http.Handler {
	mux := http.NewServeMux()
	verb := func(pattern string, serve func(r *http.Request) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			out, err := serve(r)
			reply(w, out, err)
		})
	}
	verb("POST /control/as", s.controlAs)
	verb("POST /control/client", s.controlClient)
	verb("GET /control/variants", func(*http.Request) (any, error) { return s.Variants(), nil })
	verb("PATCH /control/variants", s.controlVariants)
	verb("GET /control/people", func(*http.Request) (any, error) { return map[string]any{"people": s.People()}, nil })
	verb("GET /control/people/{userid}", s.controlPerson)
	verb("POST /control/people", s.controlHire)
	verb("PATCH /control/people/{userid}", s.controlPatch)
	verb("POST /control/people/{userid}/migrate", s.controlMigrate)
	verb("POST /control/people/{userid}/leave", func(r *http.Request) (any, error) { return nil, s.Leave(r.PathValue("userid")) })
	verb("POST /control/people/{userid}/return", func(r *http.Request) (any, error) { return nil, s.Return(r.PathValue("userid")) })
	verb("POST /control/grow", s.controlGrow)
	verb("GET /control/app", func(*http.Request) (any, error) { return s.App(), nil })
	verb("PATCH /control/app", s.controlApp)
	verb("POST /control/outsiders", s.controlOutsiders)
	verb("GET /control/faults", func(*http.Request) (any, error) { return s.faults.pendingList(), nil })
	verb("POST /control/faults", s.controlFault)
	verb("DELETE /control/faults", func(*http.Request) (any, error) { s.ClearFaults(); return nil, nil })
	verb("GET /control/clock", func(*http.Request) (any, error) { return s.clock(), nil })
	verb("POST /control/clock", s.controlClock)
	verb("GET /control/log", s.controlLog)
	verb("POST /control/log", s.controlKeep)
	verb("DELETE /control/tokens", func(*http.Request) (any, error) { s.DropTokens(); return nil, nil })
	verb("GET /control/rates", func(*http.Request) (any, error) { return map[string]any{"rates": s.Rates()}, nil })
	verb("DELETE /control/rates", func(*http.Request) (any, error) { s.ForgetRates(); return nil, nil })
	s.departmentControls(verb)
	s.streamControls(verb)
	verb("POST /control/reset", func(*http.Request) (any, error) { s.Reset(); return nil, nil })
	return guarded(http.NewCrossOriginProtection().Handler(mux))
}

// guarded lets only this machine in: not through a proxy, and not through a
// name that resolves here (a web page of a rebound domain).
func guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := r.Header
		if !loopback(r.RemoteAddr) || !loopback(r.Host) || h.Get("X-Forwarded-For") != "" || h.Get("Forwarded") != "" {
			http.Error(w, `{"error":"/control/ is for this machine only"}`, http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// loopback reports whether host, with or without port, is this machine.
func loopback(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func reply(w http.ResponseWriter, out any, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case errors.Is(err, errNobody), errors.Is(err, errNoDepartment):
		w.WriteHeader(http.StatusNotFound)
		out = map[string]string{"error": err.Error()}
	case err != nil:
		w.WriteHeader(http.StatusBadRequest)
		out = map[string]string{"error": err.Error()}
	case out == nil:
		out = map[string]bool{"ok": true}
	}
	w.Write(append(encode(out), '\n'))
}

// strictly decodes the body into v: one JSON object, known members only.
func strictly(r *http.Request, v any) error {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return fmt.Errorf("read body: %w", err)
	}
	return decode(body, v)
}

func decode(body []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return fmt.Errorf("decode body: %w", err)
	}
	if d.More() {
		return errors.New("decode body: more than one value")
	}
	return nil
}

func (s *Simulator) controlAs(r *http.Request) (any, error) {
	var in struct {
		UserID *string `json:"userid"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	if in.UserID == nil {
		return nil, errors.New(`userid is missing ("" brings the login page back)`)
	}
	return nil, s.ApproveAs(*in.UserID)
}

func (s *Simulator) controlClient(r *http.Request) (any, error) {
	var in struct {
		UserID *string `json:"userid"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	if in.UserID == nil {
		return nil, errors.New(`userid is missing ("" means the first employee)`)
	}
	return nil, s.LogInToClient(*in.UserID)
}

func (s *Simulator) controlVariants(r *http.Request) (any, error) {
	var in map[string]string
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	if err := s.SetVariants(in); err != nil {
		return nil, err
	}
	return s.Variants(), nil
}

func (s *Simulator) controlPerson(r *http.Request) (any, error) {
	p, ok := s.Person(r.PathValue("userid"))
	if !ok {
		return nil, fmt.Errorf("person %q: %w", r.PathValue("userid"), errNobody)
	}
	return p, nil
}

func (s *Simulator) controlPatch(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body) // before any lock is held
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if err := s.changePerson(r.PathValue("userid"), func(p *Person) error { return decode(body, p) }); err != nil {
		return nil, err
	}
	return s.controlPerson(r)
}

func (s *Simulator) controlApp(r *http.Request) (any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	var bad error
	err = s.UpdateApp(func(a *App) {
		changed := a.clone()
		if bad = decode(body, &changed); bad == nil {
			*a = changed
		}
	})
	return nil, errors.Join(bad, err)
}

func (s *Simulator) controlOutsiders(r *http.Request) (any, error) {
	var in struct {
		Refuse bool `json:"refuse"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	s.RefuseOutsiders(in.Refuse)
	return nil, nil
}

// faultJSON is a [Fault] on the wire.
type faultJSON struct {
	Call    string          `json:"call"`
	Kind    string          `json:"kind"`
	Count   int             `json:"count,omitempty"`
	Delay   string          `json:"delay,omitempty"`
	Status  int             `json:"status,omitempty"`
	Code    string          `json:"code,omitempty"`
	Message string          `json:"message,omitempty"`
	Value   json.RawMessage `json:"value,omitempty"`
}

func (s *Simulator) controlFault(r *http.Request) (any, error) {
	var in faultJSON
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	f := Fault{Call: in.Call, Kind: in.Kind, Count: in.Count, Status: in.Status, Code: in.Code, Message: in.Message, Value: in.Value}
	if in.Delay != "" {
		d, err := time.ParseDuration(in.Delay)
		if err != nil {
			return nil, fmt.Errorf("delay: %w", err)
		}
		f.Delay = d
	}
	return nil, s.Fault(f)
}

func (fs *faults) pendingList() map[string]any {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	list := []faultJSON{}
	for _, p := range fs.list {
		f := faultJSON{p.Call, p.Kind, p.left, "", p.Status, p.Code, p.Message, p.Value}
		if p.Delay > 0 {
			f.Delay = p.Delay.String()
		}
		list = append(list, f)
	}
	return map[string]any{"faults": list}
}

func (s *Simulator) clock() map[string]any { return map[string]any{"now": s.Now()} }

func (s *Simulator) controlClock(r *http.Request) (any, error) {
	var in struct {
		Advance string `json:"advance"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	d, err := time.ParseDuration(in.Advance)
	if err != nil {
		return nil, fmt.Errorf("advance: %w", err)
	}
	if err := s.Advance(d); err != nil {
		return nil, err
	}
	return s.clock(), nil
}

// controlLog filters by ?call=NAME and ?since=SEQ (later than that one).
func (s *Simulator) controlLog(r *http.Request) (any, error) {
	since := uint64(0)
	if text := r.URL.Query().Get("since"); text != "" {
		var err error
		if since, err = strconv.ParseUint(text, 10, 64); err != nil {
			return nil, fmt.Errorf("since: %w", err)
		}
	}
	calls := []Call{}
	for _, c := range s.Calls() {
		if name := r.URL.Query().Get("call"); c.Seq > since && (name == "" || name == c.Call) {
			calls = append(calls, c)
		}
	}
	return map[string]any{"calls": calls}, nil
}

func (s *Simulator) controlKeep(r *http.Request) (any, error) {
	var in struct {
		Keep *int `json:"keep"`
	}
	if err := strictly(r, &in); err != nil {
		return nil, err
	}
	if in.Keep == nil || *in.Keep > 1_000_000 {
		return nil, errors.New("keep is missing or above 1000000 (less than zero remembers nothing)")
	}
	s.KeepCalls(*in.Keep)
	return nil, nil
}
