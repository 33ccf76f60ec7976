// Package preset knows apps: what each has to be registered as, and what its own
// configuration must say. An app is a data file in data; nothing here decides for one.
//
//	preset.go   what a data file says, and reading it
//	address.go  the values that are put in, and what they may be
//	render.go   putting them in
//	chinese.go  the words of the app pages in Chinese, which are files in zh
//
// In the texts of a data file `@issuer@`, `@url@`, `@id@` and so on stand for values.
// Nothing else is replaced: the texts are other people's formats, with templates of
// their own.
//
// Promises:
//
//   - P1: What is registered for an app is what the app asks for and no more: its own
//     redirect URIs at the address that was given, its scopes, PKCE unless it cannot. It
//     admits nobody.
//   - P2: The configuration that is printed is whole: no value is left to be filled in,
//     and it is well-formed for the program that reads it.
//   - P3: No value can end the quotes that a text puts round it: an address or id that
//     has more than letters, digits and a few signs is a fault.
//   - P4: No switch of an app is set by which somebody could take another's account, or
//     somebody in between could pass for us; those whose default is dangerous are written
//     out as off.
//   - P5: A preset is called logged into only if it names the test that does it.
//   - P6: In Chinese its words are others, none is missing, and what is registered and
//     printed is the same to the letter.
//
// Only cmd/dingbridge may use it. It reads nothing but its own files.
package preset
