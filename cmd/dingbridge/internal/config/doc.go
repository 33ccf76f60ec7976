// Package config reads what an operator writes: config.yaml, which changes with a
// restart, and clients.yaml, alone or with a folder of files like it, which says who may
// ask for a login.
//
// The types [Config], [clients.Spec] and [clients.GroupSpec] are the manual: each
// field says what it is for, its unit and, in its `default` tag, what it is when
// nobody says. Reading is four pure steps: decode, environment, defaults, validate.
// None of them touches the network, the disk or the process; only [Load],
// [ClientFiles], [LookAt], [Document.ReadSecret], [Document.ReadPicture] and [AddClient]
// open files.
//
// Promises:
//
//   - C1: A key that is not in the type, a key given twice, a value of another
//     kind, an empty value and a missing one are faults. Nothing is guessed.
//   - C2: All faults come at once, each with its file and line, the path of the
//     value, what is wrong and what to do about it.
//   - C3: A DINGBRIDGE_ variable overrides the value of the same name; one that
//     names no value is a fault.
//   - C4: No fault and no String holds a secret: neither one read from a file nor
//     the password of a storage URL.
//   - C5: A secret that every user of the machine may read is refused.
//   - C6: AddClient leaves the rest of clients.yaml as it was, comments included,
//     and another reader sees the file before or after, never in between. Two
//     at once both take effect.
//   - C7: A client that serves an organisation which config.yaml does not have is a
//     fault, and so is a group of one; so are those that name none when config.yaml
//     has several. It cannot happen that a client serves an organisation, or a group
//     means its ids, by oversight.
//   - C8: A client that wants made-up e-mail addresses is a fault while config.yaml has
//     no domain for them.
//   - C9: clients.yaml and the *.yaml files of clients_dir are one set, as they are at one
//     moment: a file that changes while they are read is read again. Hidden files and
//     those that editors leave are no part of it. What stands twice is told with both
//     places.
//   - C10: An edit changes one client, in the file that has it, and keeps C6. It is read
//     back before it is believed, and refused where it would leave a fault. The newest
//     secret of a client is the first.
//
// Only cmd/dingbridge may import it: rooms have their own small Configs and know
// nothing of files.
package config
