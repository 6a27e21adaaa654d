package config

import (
	"fmt"
	"os"

	"tandem/parser/diag"
	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/action"
)

// proxyErrors are the lines that replace the built-in error answers.
var proxyErrors = []*keyword.Def[Setting[Proxy]]{
	errorFile, errorLoc("errorloc", 302), errorLoc("errorloc302", 302), errorLoc("errorloc303", 303), errorFiles,
}

// errorStatuses are the statuses that have an answer of their own
// (configuration manual, errorfile).
var errorStatuses = []int{200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504}

type statusArgs struct {
	Status expr.Word `parser:"@@"`
	Value  expr.Word `parser:"@@"`
}

// status reads the first argument; statuses without an answer are ignored
// with the original's warning.
func (a *statusArgs) status(e *keyword.Env, what string) (int, error) {
	n := laxInt(a.Status.Text)
	if len(e.Words) > 3 {
		return 0, e.Errorf(3, "%s : expects exactly two arguments.\n", what)
	}
	for _, s := range errorStatuses {
		if int64(s) == n {
			return s, nil
		}
	}
	return 0, &keyword.Error{Index: a.Status.Index, Code: diag.BadValue, Text: fmt.Sprintf("%s : status code '%d' not handled.", what, n)}
}

var errorFile = keyword.Define(keyword.Spec{
	Name: "errorfile", In: keyword.AnyProxy, Flags: keyword.Open, Doc: "Answer a status with a file's content.",
	Misuse: "errorfile : expects <status_code> and <file> as arguments.\n",
}, func(e *keyword.Env, a *statusArgs) (Setting[Proxy], error) {
	status, err := a.status(e, "errorfile")
	if err != nil || status == 0 {
		return nil, err
	}
	f, err := loadErrorFile(e, status, a.Value)
	if err != nil {
		return nil, err
	}
	return func(p *Proxy) error { p.ErrorFiles[status] = f; return nil }, nil
})

// loadErrorFile reads the raw answer of a status.
func loadErrorFile(e *keyword.Env, status int, path expr.Word) (*ErrorFile, error) {
	if path.Text == "/dev/null" {
		return &ErrorFile{Status: status, Raw: []byte{}}, nil
	}
	raw, err := e.ReadFile(path.Text)
	if err != nil {
		if e.Offline && os.IsNotExist(err) {
			e.Warnf(diag.Unreadable, path.Index, "error file '%s' was not checked.", path.Text).Ours = true
			return &ErrorFile{Status: status, Raw: []byte{}}, nil
		}
		return nil, &keyword.Error{Index: path.Index, Code: diag.Unreadable, Text: fmt.Sprintf("errorfile : error opening file '%s'.", path.Text)}
	}
	if fault := action.ErrorFileFault(raw); fault != "" {
		return nil, &keyword.Error{Index: path.Index, Code: diag.BadValue, Text: fmt.Sprintf("errorfile : '%s': %s", path.Text, fault)}
	}
	return &ErrorFile{Status: status, Raw: raw}, nil
}

// errorLoc makes the Def of one of the errorloc lines.
func errorLoc(name string, code int) *keyword.Def[Setting[Proxy]] {
	return keyword.Define(keyword.Spec{
		Name: name, In: keyword.AnyProxy, Flags: keyword.Open, Doc: "Answer a status with a redirect.",
		Misuse: name + " : expects <status_code> and <url> as arguments.\n",
	}, func(e *keyword.Env, a *statusArgs) (Setting[Proxy], error) {
		status, err := a.status(e, name)
		if err != nil || status == 0 {
			return nil, err
		}
		return func(p *Proxy) error {
			p.ErrorFiles[status] = &ErrorFile{Status: status, Location: a.Value.Text, Code: code}
			return nil
		}, nil
	})
}

type errorFilesArgs struct {
	Name  expr.Word   `parser:"@@"`
	Codes []expr.Word `parser:"@@*"`
}

var errorFiles = keyword.Define(keyword.Spec{
	Name: "errorfiles", In: keyword.AnyProxy, Doc: "Take answers from an http-errors section.",
	Misuse: "errorfiles : expects <name> as argument.",
}, func(e *keyword.Env, a *errorFilesArgs) (Setting[Proxy], error) {
	ref := e.NewRef(keyword.ToHTTPErrors, a.Name.Text, a.Name.Index)
	ref.Missing = fmt.Sprintf("proxy '%s': unknown http-errors section '%s' (at %s).", e.Owner, a.Name.Text, e.LineSpan())
	codes := []int{}
	for _, c := range a.Codes {
		n, err := c.Int(200, 599)
		if err != nil {
			return nil, &keyword.Error{Index: c.Index, Code: diag.BadValue, Text: fmt.Sprintf("errorfiles : status code '%d' not handled.", laxInt(c.Text))}
		}
		codes = append(codes, int(n))
	}
	return func(p *Proxy) error {
		if len(codes) == 0 {
			codes = errorStatuses
		}
		for _, n := range codes {
			p.ErrorFiles[n] = &ErrorFile{Status: n, Section: ref}
		}
		return nil
	}, nil
})
