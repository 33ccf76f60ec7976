package redis

import (
	"context"
	"errors"
	"fmt"

	goredis "github.com/redis/go-redis/v9"
)

// errReplica: a read-only copy answers for what it was told so far. Its "not found"
// would be taken for the truth, so it is not asked at all (promise R3).
var errReplica = errors.New("a read-only replica")

// onlyPrimary is asked for each new connection, to a server or to a sentinel. A
// primary that is made a replica by Sentinel loses its connections in that moment;
// one that is made so by hand keeps those that do nothing but read. A cluster needs
// no such question: there a replica sends everybody to its primary.
func onlyPrimary(ctx context.Context, conn *goredis.Conn) error {
	cmd := goredis.NewSliceCmd(ctx, "role")
	err := conn.Process(ctx, cmd)
	if err != nil && goredis.HasErrorPrefix(err, "unknown command") {
		return nil // a server that has no replicas, or a proxy in front of one
	}
	if err != nil {
		return fmt.Errorf("ask for the role: %w", err)
	}
	if told := cmd.Val(); len(told) > 0 && told[0] == "slave" {
		return errReplica
	}
	return nil
}
