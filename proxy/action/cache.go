package action

import (
	"fmt"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

// CacheSection is what a cache section is for the rules that name it: the
// linker gives the reference to the section a target of this type.
type CacheSection interface {
	// Use looks the request up; true: t.Cached.Hit answers it.
	Use(t *tx.Tx, hints bool) bool
	// Store begins to keep the response.
	Store(t *tx.Tx)
}

// cacheArgs is "<name> [no-early-hints]".
type cacheArgs struct {
	name    expr.Word
	noHints bool
}

// Usage is what messages say of the arguments.
func (cacheArgs) Usage() string { return "<name>" }

// ParseArgs reads the name of the cache.
func (c *cacheArgs) ParseArgs(a *keyword.Args) error {
	w, at, ok := a.Next()
	if !ok || w == "if" || w == "unless" {
		return refuse(-1, "expects a cache name")
	}
	c.name = expr.Word{Text: w, Index: at}
	if a.Env.Scope == httpReq && a.Peek() == "no-early-hints" {
		a.Next()
		c.noHints = true
	}
	return nil
}

func (c *cacheArgs) section(e *keyword.Env) *keyword.Ref {
	ref := e.NewRef(keyword.ToCache, c.name.Text, c.name.Index)
	ref.Missing = fmt.Sprintf("config: %s '%s': unable to find the cache '%s' referenced by the filter 'cache'.", kind(e.Section), e.Owner, c.name.Text)
	return ref
}

// newCacheUse makes cache-use (configuration manual 4.4). The engine sends
// what was found.
func newCacheUse(e *keyword.Env, a *cacheArgs) (Action, error) {
	ref, hints := a.section(e), !a.noHints
	return Action{Run: func(t *tx.Tx) Verdict {
		if keyword.Target[CacheSection](ref).Use(t, hints) {
			return Answer
		}
		return Continue
	}}, nil
}

// newCacheStore makes cache-store.
func newCacheStore(e *keyword.Env, a *cacheArgs) (Action, error) {
	ref := a.section(e)
	return Action{Run: func(t *tx.Tx) Verdict {
		keyword.Target[CacheSection](ref).Store(t)
		return Continue
	}}, nil
}
