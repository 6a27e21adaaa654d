package keyword

import "tandem/parser/source"

// RefKind says what a name refers to.
type RefKind uint8

// Things that lines refer to by name.
const (
	ToBackend RefKind = iota // use_backend, default_backend, nbsrv(x)
	ToFrontend
	ToProxy    // either side: stick tables live in both
	ToServer   // "srv" or "be/srv"
	ToTable    // a proxy or peers section that has a stick-table
	ToUserlist // http_auth(x)
	ToResolvers
	ToPeers
	ToMailers
	ToCache
	ToHTTPErrors
	ToRing
	ToFCGIApp
	ToLogProfile
	ToHealthcheck
)

var refWords = [...]string{"backend", "frontend", "proxy", "server", "table", "userlist", "resolvers", "peers", "mailers", "cache", "http-errors", "ring", "fcgi-app", "log-profile", "healthcheck"}

// String returns the word that messages use for the kind.
func (k RefKind) String() string { return refWords[k] }

// Ref is a name written by a feature. It becomes a pointer once, when the
// whole configuration has been read; that keeps features blind to each other.
type Ref struct {
	Kind  RefKind
	Name  string
	Span  source.Span
	Owner string // the proxy in which the name was written
	By    string // the keyword that wrote it

	// Missing, if set, is the text of the message for a name that does not
	// exist; the linker has a default for each kind.
	Missing string
	// Arg says that it is an argument inside an expression; what these miss is
	// told in one message for all of them. One without a name is always
	// missing.
	Arg bool
	// Check, if set, looks at the target once it is known and returns the
	// text of a refusal.
	Check func(target any) string

	targets []any
}

// Resolve gives the reference its targets, the views that different rooms
// have of one thing: a backend is a *config.Proxy and a *server.Backend. The
// linker alone calls it.
func (r *Ref) Resolve(targets ...any) { r.targets = targets }

// Target returns what r was resolved to as a T, or the zero value of T.
func Target[T any](r *Ref) T {
	if r != nil {
		for _, x := range r.targets {
			if t, ok := x.(T); ok {
				return t
			}
		}
	}
	var zero T
	return zero
}
