package redis

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

// The ways to run Redis, by URL scheme.
const (
	schemePlain    = "redis"
	schemeTLS      = "rediss"
	schemeSentinel = "redis+sentinel"
	schemeCluster  = "redis+cluster"
)

// settings is what a storage URL says.
type settings struct {
	scheme  string
	prefix  string
	retries int
	wait    int           // replicas to wait for after a Create or Swap; 0 = none
	waitFor time.Duration // at most
	// waitStrict: what too few replicas have is not told as done.
	waitStrict bool
	options    goredis.UniversalOptions
}

// defaults for login traffic: somebody waits in front of a browser, so an answer
// that is late is no answer, and one retry covers a connection that died idle.
func defaults(scheme string) settings {
	s := settings{scheme: scheme, prefix: "dingbridge:", retries: 1, waitFor: 100 * time.Millisecond}
	s.options = goredis.UniversalOptions{
		DialTimeout:  2 * time.Second,
		ReadTimeout:  time.Second,
		WriteTimeout: time.Second,
	}
	if scheme == schemeSentinel || scheme == schemeCluster {
		s.wait = 1
	}
	return s
}

// parseURL reads a storage URL. Its errors name a parameter and a remedy and
// never quote the URL, which may hold a password.
func parseURL(raw string) (settings, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	switch {
	case !ok, scheme != schemePlain && scheme != schemeTLS && scheme != schemeSentinel && scheme != schemeCluster:
		return settings{}, errors.New("scheme: want redis://, rediss://, redis+sentinel:// or redis+cluster://")
	case strings.Contains(rest, "#"):
		return settings{}, errors.New("fragment: not allowed; write # in a password as %23")
	}
	s := defaults(scheme)
	rest, query, _ := strings.Cut(rest, "?")
	authority, path, _ := strings.Cut(rest, "/")
	// The last @ divides: a password may hold one unescaped.
	hosts := authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		hosts = authority[i+1:]
		if err := s.userinfo(authority[:i]); err != nil {
			return settings{}, err
		}
	}
	if err := s.hosts(hosts); err != nil {
		return settings{}, err
	}
	if err := s.database(path); err != nil {
		return settings{}, err
	}
	if err := s.query(query); err != nil {
		return settings{}, err
	}
	return s, nil
}

func (s *settings) userinfo(info string) error {
	user, password, _ := strings.Cut(info, ":")
	var err1, err2 error
	s.options.Username, err1 = url.PathUnescape(user)
	s.options.Password, err2 = url.PathUnescape(password)
	if err1 != nil || err2 != nil {
		return errors.New("user or password: bad %-escape; write % as %25")
	}
	if s.options.Username != "" && s.options.Password == "" {
		return errors.New("password: missing; a password alone is written redis://:PASSWORD@host")
	}
	return nil
}

func (s *settings) hosts(list string) error {
	port := "6379"
	if s.scheme == schemeSentinel {
		port = "26379"
	}
	for host := range strings.SplitSeq(list, ",") {
		addr, err := address(host, port)
		if err != nil {
			return err
		}
		s.options.Addrs = append(s.options.Addrs, addr)
	}
	if len(s.options.Addrs) > 1 && (s.scheme == schemePlain || s.scheme == schemeTLS) {
		return errors.New("host: one only; several belong to redis+sentinel:// or redis+cluster://")
	}
	return nil
}

// address adds the port if there is none. It quotes nothing: what looks like a
// host may be half of a password.
func address(host, port string) (string, error) {
	bad := errors.New("host: want host:port, with an IPv6 address in brackets and / ? @ in a password %-escaped")
	if !strings.Contains(host[strings.LastIndexByte(host, ']')+1:], ":") {
		host += ":" + port
	}
	name, number, err := net.SplitHostPort(host)
	if err != nil || name == "" || strings.ContainsAny(name, " \t\r\n%[]\\\"<>^`{|}") {
		return "", bad
	}
	if n, err := strconv.ParseUint(number, 10, 16); err != nil || n == 0 {
		return "", errors.New("host: port must be a number from 1 to 65535")
	}
	return net.JoinHostPort(name, number), nil
}

func (s *settings) database(path string) error {
	if path == "" {
		return nil
	}
	n, err := strconv.ParseUint(path, 10, 15)
	if err != nil {
		return errors.New("path: want the database number, as in redis://host/0")
	}
	if n > 0 && s.scheme == schemeCluster {
		return errors.New("path: Redis Cluster has database 0 only")
	}
	s.options.DB = int(n)
	return nil
}

func (s *settings) query(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errors.New("parameters: bad %-escape or separator")
	}
	p := params{values: values}
	o := &s.options
	if values.Has("prefix") {
		s.prefix = p.text("prefix")
	}
	p.count("pool_size", &o.PoolSize, 1, 10000)
	p.count("min_idle_conns", &o.MinIdleConns, 0, 10000)
	p.count("max_retries", &s.retries, 0, 5)
	p.duration("dial_timeout", &o.DialTimeout)
	p.duration("read_timeout", &o.ReadTimeout)
	p.duration("write_timeout", &o.WriteTimeout)
	p.duration("pool_timeout", &o.PoolTimeout)
	p.duration("conn_max_idle_time", &o.ConnMaxIdleTime)
	p.duration("conn_max_lifetime", &o.ConnMaxLifetime)
	if s.scheme == schemeSentinel {
		o.MasterName = p.text("master")
		o.SentinelUsername = p.text("sentinel_username")
		o.SentinelPassword = p.text("sentinel_password")
		if o.MasterName == "" {
			p.fail("master", "missing; name the master as in the sentinel's configuration")
		}
	}
	if s.scheme == schemeSentinel || s.scheme == schemeCluster {
		p.count("wait", &s.wait, 0, 10)
		p.duration("wait_timeout", &s.waitFor)
		p.flag("wait_strict", &s.waitStrict)
		if s.wait > 0 && s.waitFor >= o.ReadTimeout {
			p.fail("wait_timeout", "must be shorter than read_timeout")
		}
	}
	o.TLSConfig = p.tls(s.scheme == schemeTLS)
	return p.done()
}
