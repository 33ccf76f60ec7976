package dingtalk

import (
	"testing"
)

// BenchmarkLogin is the four upstream calls of one login over real connections; the
// server's share is in it.
func BenchmarkLogin(b *testing.B) {
	c := dial(b, newUpstream())
	b.ReportAllocs()
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			account, err := c.Account(b.Context(), code)
			if err == nil {
				_, err = c.Member(b.Context(), account.UnionID)
			}
			if err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkDecodeUser(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, fault := decodeUser(200, []byte(userJSON), unionID, userID); fault != nil {
			b.Fatal(fault)
		}
	}
}
