package grants

import (
	"testing"

	"github.com/dingbridge/dingbridge/storage/redis"
	"github.com/dingbridge/dingbridge/storage/storagetest"
)

// testOnRedis runs a test with three ledgers that share one real Redis, as three
// processes would.
func testOnRedis(t *testing.T, test func(t *testing.T, ledgers []*Ledger)) {
	t.Helper()
	server := storagetest.StartRedis(t)
	secrets := testSecrets(t)
	var ledgers []*Ledger
	for range 3 {
		store, err := redis.Open(t.Context(), server.URL)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { store.Close() })
		ledgers = append(ledgers, New(Config{Store: store, Secrets: secrets}))
	}
	test(t, ledgers)
}
