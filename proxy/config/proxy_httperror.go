package config

import (
	"tandem/parser/keyword"
	"tandem/proxy/action"
)

// httpErrorArgs is "status <n> [answer]".
type httpErrorArgs struct{ file *ErrorFile }

// Usage is what messages say of the line.
func (httpErrorArgs) Usage() string { return "status <code> [<answer>]" }

// ParseArgs reads the answer with the words of "http-request return".
func (a *httpErrorArgs) ParseArgs(in *keyword.Args) error {
	if !in.More() {
		return badPlace(-1, "http-error : expects at least a <status> as arguments.\n")
	}
	saved := in.Env.Scope
	in.Env.Scope = keyword.HTTPRequest
	spec, err := action.ReadReply(in, 0)
	in.Env.Scope = saved
	switch {
	case spec != nil && spec.Status == 0:
		return badPlace(-1, "http-error : expects at least a <status> as arguments.")
	case spec != nil && indexOfInt(errorStatuses, spec.Status) < 0:
		return badPlace(-1, "http-error: status code '"+itoa(spec.Status)+"' not handled.")
	case err != nil:
		return prefixError(err, "http-error : ")
	case in.More():
		return badPlace(in.Pos, "http-error : unknown keyword '"+in.Peek()+"'.")
	}
	a.file = &ErrorFile{Status: spec.Status, Spec: spec}
	return nil
}

func indexOfInt(list []int, n int) int {
	for i, x := range list {
		if x == n {
			return i
		}
	}
	return -1
}
