// Package limits keeps what strangers, and apps in a loop, may make one replica do: how
// often (budgets, in tables of a fixed size) and how much at once (gates).
//
// Promises:
//
//	T1 A budget lets so many through at once, and as many anew within its time; whoever
//	   stops asking has all of it again after that.
//	T2 A table never grows, and asking it allocates nothing, whoever asks about whatever.
//	T3 A full table forgets who owes least. Who has used their budget up does not get
//	   it back by coming from many addresses; what is forgotten is let through, and the
//	   limits of the whole replica hold for it.
//	T4 One budget is spent by its own key alone: an address by itself, IPv6 by its
//	   network of 64 bits; an app only together with the address that calls for it. A
//	   site, IPv6's network of 48 bits, refuses nobody: it leaves a part to others.
//	T5 A forwarded address counts only from a proxy that is listed, and then it is the
//	   last that no listed proxy added. What cannot be read counts for nothing.
//	T6 Whatever is over a gate's number is turned away at once, and nothing waits.
//	T7 A secret that was right lately is looked at, however many wrong ones were shown.
//
// It is a noun: the hall asks it, and it knows no HTTP and no storage. Everything is in
// memory and of one replica (docs/decisions/0024-limits.md): a budget in Redis would cost
// every request a trip, and strangers could make it do work.
package limits
