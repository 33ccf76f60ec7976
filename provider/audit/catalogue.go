package audit

import (
	"fmt"
	"log/slog"
	"strings"
)

// A Name says what happened. Names are stable: operators alert on them.
type Name string

// The names. What each means and holds is in the table below.
const (
	LoginBegun     Name = "login.begun"
	LoginSucceeded Name = "login.succeeded"
	LoginRefused   Name = "login.refused"
	LoginRetried   Name = "login.retried"
	LoginReplayed  Name = "login.replayed"
	SingleSignOn   Name = "login.single_sign_on"

	AuthorizeRefused           Name = "authorize.refused"
	ClientAuthenticationFailed Name = "client.authentication_failed"
	RequestLimited             Name = "request.limited"

	CodeRedeemed     Name = "code.redeemed"
	CodeRefused      Name = "code.refused"
	CodeReused       Name = "code.reused"
	RefreshRotated   Name = "refresh.rotated"
	RefreshReplayed  Name = "refresh.replayed"
	RefreshRecovered Name = "refresh.recovered"
	RefreshRefused   Name = "refresh.refused"
	RefreshReused    Name = "refresh.reused"
	TokenRefused     Name = "token.refused"
	TokenRevoked     Name = "token.revoked"
	GrantEnded       Name = "grant.ended"

	ConsentGiven  Name = "consent.given"
	ConsentDenied Name = "consent.denied"

	SessionEnded           Name = "session.ended"
	SessionEndedEverywhere Name = "session.ended_everywhere"
	LogoutRefused          Name = "logout.refused"

	BackchannelDelivered Name = "backchannel.delivered"
	BackchannelRetried   Name = "backchannel.retried"
	BackchannelFailed    Name = "backchannel.failed"
	BackchannelDropped   Name = "backchannel.dropped"

	RequestPushed      Name = "request.pushed"
	RequestPushRefused Name = "request.push_refused"

	DeviceBegun    Name = "device.begun"
	DeviceApproved Name = "device.approved"
	DeviceDenied   Name = "device.denied"
	DeviceRefused  Name = "device.refused"
	DeviceRedeemed Name = "device.redeemed"

	PersonGone         Name = "person.gone"
	PersonCannotDecide Name = "person.cannot_decide"
	PersonRemoved      Name = "person.removed"
	UserIDReused       Name = "person.userid_reused"
	RemovalWithheld    Name = "removal.withheld"
	RemovalForeseen    Name = "removal.foreseen"
	BrakeEngaged       Name = "brake.engaged"
	BrakeConfirmed     Name = "brake.confirmed"
	BrakeReleased      Name = "brake.released"

	EventRefused    Name = "event.refused"
	StreamConnected Name = "stream.connected"
	StreamLost      Name = "stream.lost"
	SweepStarted    Name = "sweep.started"
	SweepFinished   Name = "sweep.finished"

	UserBlocked   Name = "user.blocked"
	UserUnblocked Name = "user.unblocked"
	UserRenamed   Name = "user.renamed"
	UserMigrated  Name = "user.migrated"
	EmailWithheld Name = "email.withheld"
	EmailReleased Name = "email.released"
	GroupsCapped  Name = "groups.capped"

	KeyPublished Name = "key.published"
	KeyRotated   Name = "key.rotated"
	KeyTrouble   Name = "key.trouble"

	ClientsReplaced Name = "clients.replaced"
	ClientsRejected Name = "clients.rejected"

	CertificateReplaced Name = "certificate.replaced"
	CertificateRejected Name = "certificate.rejected"
	SecretReplaced      Name = "secret.replaced"
	SecretRejected      Name = "secret.rejected"
	AppSecretReplaced   Name = "upstream.secret_replaced"
	AppSecretRejected   Name = "upstream.secret_rejected"

	StorageTrouble  Name = "storage.trouble"
	UpstreamTrouble Name = "upstream.trouble"
	InternalFault   Name = "internal.fault"
	AdminCalled     Name = "admin.called"
	Started         Name = "server.started"
	Stopped         Name = "server.stopped"
)

// A Row of the catalogue describes one event.
type Row struct {
	Name    Name
	Level   slog.Level
	Meaning string
	Fields  []string // JSON names of the fields it may have beside request_id
}

type row struct {
	name    Name
	level   slog.Level
	fields  field
	meaning string
}

const (
	request = fClient | fAddress
	person  = request | fSubject
)

// catalogue is the one table of events.
var catalogue = []row{
	{LoginBegun, slog.LevelInfo, request | fWay | fCorp,
		"An app sent a browser to log in, and the browser was sent on to DingTalk, or to the page on which the person chooses: then corp_id and way are not known yet."},
	{LoginSucceeded, slog.LevelInfo, person | fWay | fCorp | fGrant | fSession | fDuration,
		"DingTalk and the app's rules admitted the person; a code was issued. The duration is that of DingTalk's calls."},
	{LoginRefused, slog.LevelWarn, person | fWay | fCorp | fReason | fCall | fErr,
		"The login ended without a code. The reason says why: outsider, disabled, out_of_range, permission, not_admitted, other_browser, expired and so on."},
	{LoginRetried, slog.LevelWarn, request | fWay | fCorp | fReason | fCall | fErr | fDuration,
		"DingTalk failed for the moment; the login stays open and the person was offered a retry."},
	{LoginReplayed, slog.LevelInfo, request | fGrant,
		"The same browser showed the same DingTalk code again (a reload), and got the same answer."},
	{SingleSignOn, slog.LevelInfo, person | fGrant | fSession,
		"A session of ours was fresh enough: a code was issued without asking DingTalk for a login."},
	{AuthorizeRefused, slog.LevelWarn, person | fReason | fErr,
		"An authorization request was answered with an error, to the app or on a page."},
	{ClientAuthenticationFailed, slog.LevelWarn, request | fReason | fWay,
		"An app could not prove who it is. Several in a row, then success, is a library that tries both methods."},
	{RequestLimited, slog.LevelWarn, request | fReason | fCount,
		"A request was turned away because of a limit. The reason is the limit's name in docs/limits.md, or what was wrong with the request's form. The count is that of the requests that this limit turned away since the last such line: there is at most one a second for each."},
	{CodeRedeemed, slog.LevelInfo, person | fGrant,
		"An app exchanged a code for tokens."},
	{CodeRefused, slog.LevelWarn, person | fGrant | fReason,
		"A code was not exchanged: unknown, expired, another app's, wrong redirect URI or verifier."},
	{CodeReused, slog.LevelError, person | fGrant | fCount,
		"A spent code was shown again. Its grant was ended, with every token: somebody may have stolen the code."},
	{RefreshRotated, slog.LevelInfo, person | fGrant | fCount,
		"A refresh token was exchanged for its successor. The count is the successor's generation."},
	{RefreshReplayed, slog.LevelInfo, person | fGrant | fCount,
		"A refresh token just spent was shown again inside the leeway and got the same successor."},
	{RefreshRecovered, slog.LevelWarn, person | fGrant | fCount,
		"An authentic refresh token is newer than the stored generation: a write was lost in a failover, and was made good."},
	{RefreshRefused, slog.LevelWarn, person | fGrant | fReason,
		"A refresh token was not exchanged: unknown, expired, another app's, or the person is no longer admitted."},
	{RefreshReused, slog.LevelError, person | fGrant | fCount,
		"A spent refresh token was shown after the leeway. Its grant was ended, with every token: somebody may have stolen it."},
	{TokenRefused, slog.LevelWarn, person | fGrant | fReason,
		"An app asked, at userinfo or introspection, with an access token of somebody who is out: removed, blocked or not_admitted by this app any more. Told once in ten minutes for a grant: an app that goes on asking does not know yet that its person is out."},
	{TokenRevoked, slog.LevelInfo, person | fGrant,
		"An app revoked a token, which ended its grant."},
	{GrantEnded, slog.LevelWarn, person | fGrant | fSession | fBy,
		"The lasting access of an app or device was ended: by the person, on the account page, and the session is the one from which they did; or by an administrator (by), together with the session."},
	{ConsentGiven, slog.LevelInfo, person | fSession,
		"The person agreed that the app learns what it asked for; the app had asked for that question."},
	{ConsentDenied, slog.LevelInfo, person | fSession,
		"The person did not agree that the app learns what it asked for."},
	{SessionEnded, slog.LevelInfo, person | fSession | fReason | fCount | fBy,
		"A session ended by a logout or by an administrator (by), and with it every grant that ends with it. The count is that of the apps that are told."},
	{SessionEndedEverywhere, slog.LevelWarn, person | fSession | fCount | fBy,
		"All sessions and grants of the person ended, everywhere: they did that themselves, or an administrator did (by). The count is that of the apps that are told."},
	{LogoutRefused, slog.LevelWarn, person | fReason | fErr,
		"A logout request was not in order (an id_token_hint that is not ours, an address that is not registered) and ended nothing, or storage failed and the person was told so."},
	{BackchannelDelivered, slog.LevelInfo, person | fSession | fCount | fDuration,
		"An app took the notice of a logout. The count is that of the tries, the duration runs from the logout."},
	{BackchannelRetried, slog.LevelWarn, person | fSession | fReason | fErr | fCount,
		"An app did not take the notice of a logout for now; it is told again."},
	{BackchannelFailed, slog.LevelError, person | fSession | fReason | fErr | fCount | fDuration,
		"An app did not take the notice of a logout, and is not told again: its own session of the person may go on."},
	{BackchannelDropped, slog.LevelError, person | fSession | fReason,
		"The notice of a logout was not sent: too many wait for this app, or the server ended."},
	{RequestPushed, slog.LevelInfo, request,
		"An app pushed an authorization request."},
	{RequestPushRefused, slog.LevelWarn, request | fReason,
		"An app pushed an authorization request that is not in order."},
	{DeviceBegun, slog.LevelInfo, request,
		"A device asked for codes."},
	{DeviceApproved, slog.LevelInfo, person | fSession,
		"The person let the app on a device in."},
	{DeviceDenied, slog.LevelWarn, person | fSession,
		"The person refused the app on a device: perhaps somebody else had sent them its code."},
	{DeviceRefused, slog.LevelWarn, person | fGrant | fSession | fReason,
		"A user code or device code opened nothing: unknown, expired, denied, another app's, guessed too often, or the app does not admit the person."},
	{DeviceRedeemed, slog.LevelInfo, person | fGrant,
		"A device exchanged its code for tokens."},
	{PersonGone, slog.LevelWarn, person | fCorp | fReason,
		"A request met a person of whom DingTalk says positively that they are no longer an active member, and got nothing. How they were removed is told by person.removed, once."},
	{PersonCannotDecide, slog.LevelWarn, person | fCorp | fReason | fCall | fErr,
		"DingTalk could not tell whether the person is still a member, or which departments are above theirs where an app's allow hangs on that (departments_unknown). Nobody was thrown out."},
	{PersonRemoved, slog.LevelWarn, person | fCorp | fWay | fEvent | fReason | fCount | fDuration,
		"The person was removed: every session and grant is dead. Told once, by the replica that wrote it. The way is what led to it: event, recheck (a token, code or session was used), sweep, login or hand (an administrator); event_id is DingTalk's event, the count that of the apps that are told, the duration the time since the event had come."},
	{UserIDReused, slog.LevelWarn, fSubject | fOther | fCorp,
		"Somebody has the userId that another person had (other_sub). They are two people here; an app that knows people by their userId would take one for the other."},
	{RemovalWithheld, slog.LevelError, person | fCorp | fWay | fEvent | fReason,
		"DingTalk said that the person is gone, and nobody was removed. The reason says what held it back: the brake, or a directory that vouched for nobody else either. The person stays until max_stale."},
	{RemovalForeseen, slog.LevelInfo, person | fCorp | fWay | fEvent,
		"A dry run: DingTalk said that the person is gone, and they would have been removed. Nothing was done."},
	{BrakeEngaged, slog.LevelError, fCorp | fCount | fReason,
		"Removals of an organisation stop: more people than is likely were to be removed. The count is that of the removals of the last hour. Look at the organisation, then let `dingbridge brake` confirm or release it."},
	{BrakeConfirmed, slog.LevelWarn, fCorp | fBy | fCount,
		"The operator confirmed that so many people have left: removals of the organisation go on for a while."},
	{BrakeReleased, slog.LevelWarn, fCorp | fBy | fReason,
		"Removals of the organisation go on, and are counted from none: the operator released the brake."},
	{EventRefused, slog.LevelWarn, fCorp | fEvent | fReason | fCall,
		"A DingTalk event was not heeded: it names another organisation, or none, or it cannot be read. The call is its type."},
	{StreamConnected, slog.LevelInfo, fCorp | fCount | fDuration,
		"The connection by which DingTalk tells its events stands. The count is that of the tries, the duration how long there was none."},
	{StreamLost, slog.LevelWarn, fCorp | fReason | fErr | fDuration,
		"The connection for events ended or could not be made; it is made anew. The duration is how long it stood; of tries that fail one after another the first is told. Meanwhile leavers are found by re-checks and the sweep."},
	{SweepStarted, slog.LevelInfo, fCorp | fWay | fBy,
		"A replica began to ask DingTalk about every known person of an organisation. The way is schedule, connected (events may have been lost before) or hand (an administrator)."},
	{SweepFinished, slog.LevelInfo, fCorp | fWay | fReason | fErr | fCount | fDuration,
		"The sweep ended. The count is that of the people about whom DingTalk answered, the reason how it ended: complete, dry_run (nobody was to be removed) or stopped."},
	{UserBlocked, slog.LevelWarn, fSubject | fCorp | fBy,
		"An administrator blocked a person: they get in nowhere, whatever DingTalk says."},
	{UserUnblocked, slog.LevelWarn, fSubject | fCorp | fBy,
		"An administrator lifted the block of a person. Sessions and grants from before stay dead."},
	{UserRenamed, slog.LevelWarn, fSubject | fCorp | fBy,
		"An administrator gave a person another username. The old one is never given to anybody else."},
	{UserMigrated, slog.LevelWarn, fSubject | fOther | fCorp | fBy,
		"A DingTalk account that was migrated (other_sub, its sub by itself) was joined to the person it had been: it logs in as sub."},
	{EmailWithheld, slog.LevelWarn, fSubject | fOther | fCorp,
		"The person's e-mail address was claimed for another person before (other_sub), so it is not claimed for this one."},
	{EmailReleased, slog.LevelWarn, fSubject | fCorp | fBy,
		"An administrator let go of an e-mail address that was kept for sub: the next person who has it may claim it."},
	{GroupsCapped, slog.LevelWarn, fClient | fSubject | fCorp | fCount,
		"A person is in more groups than the app's token carries; told once for the app, of the first. The count is that of the groups left out: an app that decides by them may refuse. Choose with groups_claim, or raise groups_max."},
	{KeyPublished, slog.LevelInfo, fKey | fWay,
		"A new signing key was published; it does not sign yet."},
	{KeyRotated, slog.LevelInfo, fKey | fWay,
		"A published key began to sign, and its forerunner retired."},
	{KeyTrouble, slog.LevelError, fKey | fErr | fReason,
		"The ring of signing keys could not be read or written; the keys in memory go on."},
	{ClientsReplaced, slog.LevelInfo, fCount | fDuration,
		"The files of clients were read anew. The count is that of clients, the duration what reading took."},
	{ClientsRejected, slog.LevelError, fCount | fErr,
		"The files of clients have faults; the clients from before stay. The count is that of faults."},
	{CertificateReplaced, slog.LevelInfo, fDuration,
		"The TLS certificate was read anew. The duration is what is left until it ends."},
	{CertificateRejected, slog.LevelError, fErr,
		"The TLS certificate changed and cannot be used; the one from before stays."},
	{SecretReplaced, slog.LevelWarn, fCount,
		"The file of our own secrets was read anew. The count is that of secrets; the first issues from now on."},
	{SecretRejected, slog.LevelError, fReason | fErr,
		"The file of our own secrets changed and was not taken up; those from before stay. The reason is faulty (the file), in_use (something is sealed under a secret that it lacks) or unanswered (whether that is so is not known; it is tried again)."},
	{AppSecretReplaced, slog.LevelWarn, fCorp,
		"The secret of a DingTalk app was read anew, and DingTalk takes it."},
	{AppSecretRejected, slog.LevelError, fCorp | fReason | fErr,
		"The secret of a DingTalk app changed and was not taken up; the one from before stays. The reason is faulty (the file), refused (by DingTalk) or unanswered (DingTalk could not be asked; it is tried again)."},
	{StorageTrouble, slog.LevelError, request | fCall | fErr | fReason,
		"Storage failed or its answer was lost; the request was answered 503 and nothing was decided."},
	{UpstreamTrouble, slog.LevelError, request | fCorp | fCall | fReason | fErr | fDuration,
		"A call to DingTalk failed."},
	{InternalFault, slog.LevelError, request | fErr | fReason,
		"A fault of ours: the request was answered 500."},
	{AdminCalled, slog.LevelWarn, fWay | fBy | fReason | fErr,
		"Somebody with access to the admin socket asked for something. The way is what was asked, the reason how it ended."},
	{Started, slog.LevelInfo, fVersion,
		"The server began to serve."},
	{Stopped, slog.LevelInfo, fVersion | fReason,
		"The server ended in order."},
}

var rows = func() map[Name]*row {
	m := make(map[Name]*row, len(catalogue))
	for i := range catalogue {
		m[catalogue[i].name] = &catalogue[i]
	}
	return m
}()

// Catalogue lists every event, for documentation and for tests.
func Catalogue() []Row {
	list := make([]Row, len(catalogue))
	for i, r := range catalogue {
		list[i] = Row{Name: r.name, Level: r.level, Meaning: r.meaning, Fields: names(r.fields)}
	}
	return list
}

// Check says what is wrong with an event: a name that the catalogue does not
// have, or fields that its row does not allow and that [Log] would drop. Tests
// of those who record events call it.
func Check(e Event) error {
	r := rows[e.Name]
	if r == nil {
		return fmt.Errorf("event %q is not in the catalogue", e.Name)
	}
	if extra := e.fields() &^ r.fields; extra != 0 {
		return fmt.Errorf("event %q may not have %s", e.Name, strings.Join(names(extra), ", "))
	}
	return nil
}
