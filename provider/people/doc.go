// Package people keeps who somebody is: one record per person with the last answer
// of DingTalk's directory, the epoch that every session and grant of the person
// carries, and the frozen username. From it come the claims.
//
// Promises:
//
//	P1  A sub is made of corpId and unionId alone, without state or key. Nothing a
//	    person or an administrator can edit, and nothing that is given to somebody
//	    else later, has a part in it (userId, openId, nick, e-mail, mobile).
//	P2  A username is made once, from a safe alphabet, ends in a part of the sub, is
//	    frozen and never given to another person; reserved words are refused. One that
//	    an administrator gives is as safe, and the former one stays the person's.
//	P3  Every use that Fresh is asked about (single sign-on, code, refresh) stands on
//	    a directory answer no older than RecheckAfter, or, while the directory cannot
//	    decide, MaxStale. Older than that and undecided is ErrCannotDecide: nothing is
//	    given and nothing is ended.
//	P4  Only a positive "not ours any more" ends a person, by one Swap that raises the
//	    epoch; no other failure of the directory does.
//	P5  An epoch never falls: not by a login, a re-hire or a lost race.
//	P6  A person is asked about once at a time per process.
//	P7  A record that is strange, foreign, or of a newer format is an error, never an
//	    unknown person. In the store no name, phone number or e-mail reads in clear.
//	P8  An e-mail claim is an organisation's address, well-formed, on an allow-listed
//	    domain, and verified only where the operator said so. The personal address of
//	    the DingTalk account never is one.
//	P9  Groups are numbers of departments and roles, so no name given in DingTalk can
//	    become a right in an app; always an array; never more than 50.
//	P10 Text claims hold no control, bidi, zero-width or broken characters and at most
//	    128 runes. A picture is an https URL and is never fetched.
//	P11 A phone number needs the scope or its name, and always the client's permission,
//	    and is whole or left out.
//	P12 The claims for one set of scopes and of names asked one by one are the same
//	    wherever they are asked; a name brings itself and no other; none is called
//	    login or username.
//	P13 Organisations share nothing: not a record, a username, an answer of a directory
//	    or a re-check, however alike their ids. An e-mail domain that is vouched for in
//	    one is claimed in no other, and a group can carry its organisation.
//	P14 What a way in does not tell of the account stays as it was; what it tells of the
//	    person agrees with the directory, or is a contradiction.
//
// The hall (provider) and the command's wiring may call it. It imports storage,
// keys/secret and dingtalk. What P5 rests on: person/ records have no end of life, so
// the store must not evict (Redis: maxmemory-policy noeviction).
//
// A login: [Registry.Fetch] and [Registry.Read] (or nothing), [Registry.Welcome],
// whose op goes into the pipeline that writes session and grant. Any other use:
// Fetch beside the grant, Read, compare the epoch, [Registry.Fresh].
package people
