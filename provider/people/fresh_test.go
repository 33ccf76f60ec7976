package people

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dingbridge/dingbridge/dingtalk"
	"github.com/dingbridge/dingbridge/keys/secret"
	"github.com/dingbridge/dingbridge/storage"
)

// D3: openId, userId, nick, e-mail and mobile may change or move to another person.
// D18: two organisations in one installation.
// A lost race at login: the op holds what is there, and Read reads it.
func TestP3_AnAnswerCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		s := h.login(t, account, member).Subject
		member.Name, member.Avatar = "张三丰", "http://insecure.example.com/"
		h.dir.set(func(d *directory) { d.members[member.UnionID] = member })

		time.Sleep(7 * minute)
		p, err := h.Fresh(t.Context(), h.mustRead(t, s))
		synctest.Wait()
		if err != nil || h.dir.asked != 0 || p.Profile.Name != "张三" {
			t.Fatalf("at 7 min: asked %d, %v", h.dir.asked, err)
		}
		time.Sleep(3*minute + time.Second)
		p, err = h.Fresh(t.Context(), h.mustRead(t, s))
		if err != nil || h.dir.asked != 1 || p.Profile.Name != "张三丰" || !p.CheckedAt.Equal(time.Now()) || p.Profile.Nick != "小张" {
			t.Fatalf("past 10 min: asked %d, %+v, %v", h.dir.asked, p.CheckedAt, err)
		}
		if stored := h.mustRead(t, s); stored.Version != p.Version || !stored.Profile.equal(p.Profile) {
			t.Error("the answer was not noted")
		}
		if p.Profile.Avatar != account.AvatarURL {
			t.Errorf("picture %q", p.Profile.Avatar)
		}
		if _, err = h.Fresh(t.Context(), h.mustRead(t, s)); err != nil || h.dir.asked != 1 {
			t.Errorf("asked again at once: %v", err)
		}
	})
}

// undecided are the faults that say nothing about the person.
var undecided = map[string]error{
	"unavailable":        &dingtalk.Error{Reason: dingtalk.ReasonUnavailable, Call: dingtalk.CallUser},
	"throttled":          &dingtalk.Error{Reason: dingtalk.ReasonThrottled, Call: dingtalk.CallUser},
	"permission":         &dingtalk.Error{Reason: dingtalk.ReasonPermission, Call: dingtalk.CallByUnionID},
	"out of range":       &dingtalk.Error{Reason: dingtalk.ReasonOutOfRange, Call: dingtalk.CallUser},
	"configuration":      &dingtalk.Error{Reason: dingtalk.ReasonConfig, Call: dingtalk.CallByUnionID},
	"strange":            &dingtalk.Error{Reason: dingtalk.ReasonStrange, Call: dingtalk.CallUser},
	"code rejected":      &dingtalk.Error{Reason: dingtalk.ReasonCodeRejected, Call: dingtalk.CallByUnionID},
	"outsider elsewhere": &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: "users/me"},
	"any error":          errors.New("boom"),
	"cancelled":          context.DeadlineExceeded,
}

func TestP3_P4_WhoCannotDecideEndsNobody(t *testing.T) {
	for name, fault := range undecided {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := build(t, Config{})
				account, member := zhangsan()
				before := h.login(t, account, member)
				h.dir.set(func(d *directory) { d.err = fault })
				time.Sleep(hour)
				if p, err := h.Fresh(t.Context(), h.mustRead(t, before.Subject)); err != nil || h.dir.asked != 1 || p.Epoch != before.Epoch {
					t.Errorf("at an hour: %v, asked %d", err, h.dir.asked)
				}
				time.Sleep(time.Second)
				if _, err := h.Fresh(t.Context(), h.mustRead(t, before.Subject)); !errors.Is(err, ErrCannotDecide) || errors.Is(err, ErrGone) || !errors.Is(err, fault) {
					t.Errorf("past an hour: %v", err)
				}
				if p := h.mustRead(t, before.Subject); p.Version != before.Version {
					t.Error("something was written")
				}
				h.dir.set(func(d *directory) { d.err = nil })
				if p, err := h.Fresh(t.Context(), h.mustRead(t, before.Subject)); err != nil || p.Epoch != before.Epoch {
					t.Errorf("when it can decide again: %v", err)
				}
			})
		})
	}
}

func TestP3_AnswersAboutSomebodyElseDecideNothing(t *testing.T) {
	for name, change := range map[string]func(*dingtalk.Member){
		"other unionId":      func(m *dingtalk.Member) { m.UnionID = "other" },
		"other organisation": func(m *dingtalk.Member) { m.CorpID = "other" },
		"no userId":          func(m *dingtalk.Member) { m.UserID = "" },
		"nothing":            func(m *dingtalk.Member) { *m = dingtalk.Member{} },
	} {
		synctest.Test(t, func(t *testing.T) {
			h := build(t, Config{})
			account, member := zhangsan()
			s := h.login(t, account, member).Subject
			change(&member)
			h.dir.set(func(d *directory) { d.members["unionZhang"] = member })
			time.Sleep(2 * hour)
			if _, err := h.Fresh(t.Context(), h.mustRead(t, s)); !errors.Is(err, ErrCannotDecide) {
				t.Errorf("%s: %v", name, err)
			}
		})
	}
}

func TestP3_AnOrganisationNoLongerConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		list := secrets(t, secret.Generate())
		h := build(t, Config{Secrets: list})
		account, member := zhangsan()
		s := h.login(t, account, member).Subject
		other := build(t, Config{Secrets: list, Store: h.store, Organisations: map[string]Organisation{"dingnew": {Directory: h.dir, EmailDomains: []string{"corp.example"}}}})
		for range 2 { // while its last answer is young, and later
			if _, err := other.Fresh(t.Context(), other.mustRead(t, s)); !errors.Is(err, ErrCannotDecide) || h.dir.asked != 0 {
				t.Errorf("%v, asked %d", err, h.dir.asked)
			}
			if email := other.Claims(other.mustRead(t, s), ClaimOptions{Scopes: allScopes}).Email; email != "" {
				t.Errorf("claims %s", email)
			}
			time.Sleep(11 * minute)
		}
	})
}

func TestP3_AnAnswerFromTheFutureIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		p.CheckedAt = time.Now().Add(24 * hour)
		op := storage.Swap(key(p.Subject), p.Version, h.writeRecord(p), 0)
		h.store.Together(t.Context(), op)
		p, err := h.Fresh(t.Context(), h.mustRead(t, p.Subject))
		if err != nil || h.dir.asked != 1 || !p.CheckedAt.Equal(time.Now()) {
			t.Errorf("asked %d, %v", h.dir.asked, err)
		}
	})
}

func TestP4_GoneIsOneWrite(t *testing.T) {
	for name, refusal := range map[string]error{
		"outsider": &dingtalk.Error{Reason: dingtalk.ReasonOutsider, Call: dingtalk.CallByUnionID},
		"disabled": fmt.Errorf("wrapped: %w", &dingtalk.Error{Reason: dingtalk.ReasonDisabled, Call: dingtalk.CallUser}),
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := build(t, Config{})
				account, member := zhangsan()
				p := h.login(t, account, member)
				h.dir.set(func(d *directory) { d.err = refusal })
				time.Sleep(11 * minute)
				trips := h.store.trips
				if _, err := h.Fresh(t.Context(), p); !errors.Is(err, ErrGone) || !errors.Is(err, refusal) {
					t.Fatalf("%v", err)
				}
				// Who else is known, and their records; the brake (read and written); the one write.
				if h.store.trips != trips+5 {
					t.Errorf("%d trips", h.store.trips-trips)
				}
				gone := h.mustRead(t, p.Subject)
				if !gone.Gone || gone.Epoch != p.Epoch+1 || gone.Username != p.Username || gone.Profile.Mobile != "" || gone.Profile.Name != "" {
					t.Errorf("%+v", gone)
				}
				// Noted: nobody is asked again.
				if _, err := h.Fresh(t.Context(), gone); !errors.Is(err, ErrGone) || h.dir.asked != 1 {
					t.Errorf("asked %d, %v", h.dir.asked, err)
				}
				// Hired again: same person, same name, and what was ended stays ended.
				h.dir.set(func(d *directory) { d.err = nil })
				back := h.login(t, account, member)
				if back.Gone || back.Epoch != gone.Epoch || back.Subject != p.Subject || back.Username != p.Username || back.Profile.Mobile == "" {
					t.Errorf("%+v", back)
				}
				if _, err := h.Fresh(t.Context(), h.mustRead(t, p.Subject)); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func TestP5_RivalsOfARecheck(t *testing.T) {
	account, member := zhangsan()
	login := func(t *testing.T, h house) { account.Nick += "x"; h.login(t, account, member) }
	remove := func(t *testing.T, h house) {
		if err := h.Remove(context.Background(), SubjectOf(corp, member.UnionID)); err != nil {
			t.Error(err)
		}
	}
	for name, tc := range map[string]struct {
		rival func(*testing.T, house)
		gone  bool // what the directory says
		want  error
		epoch int64
	}{
		"a login, still ours": {login, false, nil, 1},
		"a login, gone":       {login, true, ErrGone, 2},
		// Another replica asked later and was told "gone"; our answer is the older one.
		"gone elsewhere, still ours": {func(t *testing.T, h house) {
			time.Sleep(time.Second)
			p := h.mustRead(t, SubjectOf(corp, member.UnionID))
			p.Gone, p.Epoch = true, p.Epoch+1
			h.store.Together(t.Context(), storage.Swap(key(p.Subject), p.Version, h.writeRecord(p), 0))
		}, false, ErrGone, 2},
		"a removal, still ours": {remove, false, ErrEnded, 2},
		"a removal, gone":       {remove, true, ErrGone, 3},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := build(t, Config{})
				p := h.login(t, account, member)
				time.Sleep(11 * minute)
				h.dir.set(func(d *directory) {
					d.then = func() { tc.rival(t, h) }
					if tc.gone {
						d.members = nil
					}
				})
				_, err := h.Fresh(t.Context(), p)
				if !errors.Is(err, tc.want) || (tc.want == nil) != (err == nil) {
					t.Errorf("%v", err)
				}
				if now := h.mustRead(t, p.Subject); now.Epoch != tc.epoch || now.Gone != (tc.gone || tc.want == ErrGone) {
					t.Errorf("epoch %d, gone %v", now.Epoch, now.Gone)
				}
			})
		})
	}
}

func TestP6_OneQuestionAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		time.Sleep(11 * minute)
		hold := make(chan struct{})
		h.dir.set(func(d *directory) { d.hold = hold })
		// The one who came first gives up; the others must not suffer.
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := h.Fresh(ctx, p); !errors.Is(err, ErrCannotDecide) || !errors.Is(err, context.Canceled) {
				t.Errorf("who gave up: %v", err)
			}
		})
		synctest.Wait()
		for range 20 {
			wg.Go(func() {
				if q, err := h.Fresh(t.Context(), p); err != nil || q.Version == p.Version {
					t.Errorf("%v", err)
				}
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(hold)
		wg.Wait()
		if h.dir.asked != 1 {
			t.Errorf("asked %d times", h.dir.asked)
		}
	})
}

func TestP6_ADirectoryThatNeverAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := zhangsan()
		p := h.login(t, account, member)
		time.Sleep(2 * hour)
		h.dir.set(func(d *directory) { d.hold = make(chan struct{}) })
		if _, err := h.Fresh(t.Context(), p); !errors.Is(err, ErrCannotDecide) {
			t.Errorf("%v", err)
		}
	})
}

// The same paths on a real store.

// Somebody of whom DingTalk tells the ids alone, back within the minute: nothing in
// the profile has changed, and yet it has to be written.
func TestP4_BackAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := build(t, Config{})
		account, member := dingtalk.Account{UnionID: "u"}, dingtalk.Member{CorpID: corp, UserID: "u", UnionID: "u"}
		p := h.login(t, account, member)
		time.Sleep(11 * minute)
		if _, err := h.Fresh(t.Context(), p); !errors.Is(err, ErrGone) {
			t.Fatal(err)
		}
		if back := h.login(t, account, member); back.Gone || h.mustRead(t, p.Subject).Gone {
			t.Error("still gone")
		}
	})
}
