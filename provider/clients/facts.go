package clients

// Facts are what the directory says about one person, as far as a rule can ask. They
// are numbers and ids alone: a department's name, which somebody gives it in DingTalk,
// never comes here and so can mean nothing.
type Facts struct {
	CorpID, UserID string
	// Departments with all their parents; Direct are those of them that the person is in
	// directly.
	Departments, Direct []int64
	Roles               []int64
	// Partial: Departments lacks parents that could not be had. Whatever is said of the
	// person without them, a parent could change.
	Partial bool
}

// A Decision is whether a person may enter by a client. The zero Decision is no.
type Decision struct {
	Admitted bool
	// Undecided: not admitted by what is known, while a department that is not known
	// could admit. The person is not to enter, and is not to be told that they may not.
	Undecided bool
	// Rule is what admitted: "everyone", "person zhangsan", "alias platform",
	// "department 5", "role 9".
	Rule string
}
