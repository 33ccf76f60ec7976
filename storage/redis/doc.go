// Package redis is the [storage.Store] on Redis 6.2 or later (or Valkey): one
// server, a primary found by Sentinel, or Redis Cluster. It is the only package
// that knows go-redis. It keeps the promises S1 to S8 of package storage; those
// of its own are:
//
//	R1  One trip. A Together is one pipeline (one per node on Cluster). More trips
//	    follow only when a Create met a value, or after an error that a retry may
//	    heal, and then only for the ops that have no result yet.
//	R2  Sent twice is done once: a write recognises its own id. After a lost reply
//	    whatever its own id does not prove is ErrUnknown.
//	R3  Replicas are never read: each new connection asks who is there.
//	R4  No error tells an address, a user, a password, a key or a value.
//	R5  What is stored there but not ours (another type, too short) is ErrUnknown,
//	    never "not found".
//	R6  A URL is read strictly: an unknown, doubled or impossible parameter is an
//	    error, and no such error quotes the URL.
//	R7  Inspect asks and writes nothing; what a server's access list keeps from us is
//	    told as not known, never as in order.
//	R8  It needs the commands, channels and keys that deploy/redis grants, each of them
//	    and no other, so that a user who has these alone suffices.
//	R9  A server that is back is found by the next attempt, and the successor of a dead
//	    one by the next second. One that is away is dialled by one at a time.
//
// The wiring in cmd opens it; everybody else sees a storage.Store.
//
// # URL
//
//	redis://[[user]:password@]host[:6379][/db][?parameters]
//	rediss://...                                                      the same over TLS
//	redis+sentinel://[[user]:password@]host[:26379],host.../[db]?master=NAME[&...]
//	redis+cluster://[[user]:password@]host[:6379],host...[?...]
//
//	prefix              before every key, "dingbridge:"; several providers may share a Redis
//	pool_size           connections (to each node), 10 for each CPU
//	min_idle_conns      kept open while idle, 0
//	max_retries         further attempts after one that failed, 1
//	dial_timeout        2s
//	read_timeout        1s
//	write_timeout       1s
//	pool_timeout        to get a connection, read_timeout + 1s
//	conn_max_idle_time  30m
//	conn_max_lifetime   none
//	tls                 true for TLS with sentinel and cluster
//	tls_ca_file         PEM, instead of the system's
//	tls_server_name     the name in the server's certificate, if not the host
//	tls_cert_file, tls_key_file      our certificate, PEM
//	sentinel_username, sentinel_password, if the sentinels ask for one
//	wait                replicas that shall have a Create or Swap before it is
//	                    reported as done, 1; 0 switches it off (sentinel and cluster)
//	wait_timeout        how long at most, 100ms
//	wait_strict         true: what fewer replicas have is not reported as done
//
// # What may be lost
//
// A single server keeps what its own configuration keeps: with appendonly yes and
// appendfsync always everything, with everysec a second. A failover forgets what
// had not reached the new primary; that is what wait is for. It is a best effort:
// with too few replicas in reach the primary goes on after wait_timeout, and for a
// second is given 5 ms only, unless min-replicas-to-write forbids it to go on, which
// is then ErrUnknown. With wait_strict a Create or Swap that too few replicas have is
// ErrUnknown, and so is a Join, by which a caller may notice that what it has read is
// there alone, if both are on one server. Nothing is lost then that was reported as
// done. The server must not evict: maxmemory-policy noeviction.
package redis
