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
//	P9  The claim groups holds what the caller decided that the client sees, and is always
//	    an array. For that decision departments and roles are numbers: no name given in
//	    DingTalk can become a right in an app.
//	P10 Text claims hold no control, bidi, zero-width or broken characters and at most
//	    128 runes. A picture is an https URL and is never fetched.
//	P11 A phone number needs the scope or its name, and always the client's permission,
//	    and is whole or left out.
//	P12 The claims for one set of scopes and of names asked one by one are the same
//	    wherever they are asked; a name brings itself and no other; none is called
//	    login or username.
//	P13 Organisations share nothing: not a record, a username, an answer of a directory
//	    or a re-check, however alike their ids. An e-mail domain that is vouched for in
//	    one is claimed in no other.
//	P14 What a way in does not tell of the account stays as it was; what it tells of the
//	    person agrees with the directory, or is a contradiction.
//	P15 An e-mail address is claimed for one person, for good: whoever has it later, though
//	    the first has left, claims none, until an administrator lets it go.
//	P16 A removal needs a positive "gone" about that very person, a positive answer about
//	    somebody else to a question that was put after that came, by an app that has vouched for
//	    people known here, and room under the brake. Else nobody is removed, that is told,
//	    and the person stays no longer than MaxStale.
//	P17 Removals are counted by all replicas together, each once. While the brake is on
//	    nobody is removed, however long and whoever asks; by hand only it is taken off.
//	P18 Who is blocked stays so until unblocked, whatever DingTalk says.
//	P19 An alias is written only with DingTalk's word that the account was migrated and that
//	    the old one is no more; what was asked about the old one before ends nobody.
//	P20 Departments above a person's own that are not known give no right, and neither do
//	    those that were true longer ago than MaxStale.
//	P21 An answer that is renewed ahead of its time keeps no use waiting, and few are at once.
//	P22 The sets by which people are found decide nothing: whoever they name is read, and
//	    whom they lack is asked about all the same.
//	P23 Reseal leaves no record under another secret than the first, but for those that
//	    somebody else writes at the moment, and changes nothing else; SealedBeyond finds
//	    every record that a list of secrets could not open.
//
// The hall (provider) and the command's wiring may call it. It imports storage,
// keys/secret and dingtalk. What P5 rests on: person/ records have no end of life, so
// the store must not evict (Redis: maxmemory-policy noeviction).
//
// What P16 cannot see: credentials of another organisation in which a known person has the
// same unionId and the same userId. Then at most as many go as the brake lets go. And the
// hour of P17 is that of the replicas' clocks: one that is an hour ahead forgets what the
// others have counted, so that twice as many may go.
//
// A login: [Registry.Fetch] and [Registry.Read] (or nothing), [Registry.Welcome],
// whose op goes into the pipeline that writes session and grant. Any other use:
// Fetch beside the grant, Read, compare the epoch, [Registry.Fresh].
package people
