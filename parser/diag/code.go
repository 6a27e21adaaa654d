package diag

// Code is the stable identity of a rule: it is printed by -c --json and never
// changes meaning, so that CI can filter on it.
type Code string

// Codes of both parsers and of the checks behind them; a room may add its own
// as constants of type Code in its own files.
const (
	Syntax         Code = "syntax"          // quotes, escapes, NUL, missing LF
	UnknownSection Code = "unknown-section" // first word outside any section
	UnknownKeyword Code = "unknown-keyword" // no such word here
	BadArguments   Code = "bad-arguments"   // too few, too many, of the wrong kind
	BadValue       Code = "bad-value"       // the right kind, out of range or malformed
	WrongSection   Code = "wrong-section"   // the section lacks the capability
	Duplicate      Code = "duplicate"       // a name or id was used before
	UnknownRef     Code = "unknown-ref"     // a backend, table, list … that does not exist
	RemovedWord    Code = "removed-word"    // accepted although a later release dropped it
	Deprecated     Code = "deprecated-word" // still accepted by the newest release
	NotActedOn     Code = "not-acted-on"    // accepted, without effect in this program
	NoEffect       Code = "no-effect"       // the original ignores it here too
	MissingTimeout Code = "missing-timeout" // "missing timeouts for proxy"
	RuleOrder      Code = "rule-order"      // a rule that will run before the one above it
	Unreadable     Code = "unreadable-file" // certificate, list, error file
	Unresolvable   Code = "unresolvable"    // a host name
	UserMessage    Code = "user-message"    // .notice .warning .alert .diag
	BadType        Code = "bad-type"        // a sample of a type that does not fit
	MissingLayer   Code = "missing-layer"   // a fetch where its layer does not exist
	Unsafe         Code = "unsafe"          // security advice
	ForeignChars   Code = "foreign-chars"   // no-break spaces, typographic quotes
	Summary        Code = "summary"         // sums up the messages before it
)
