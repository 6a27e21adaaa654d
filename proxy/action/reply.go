package action

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/tx"
)

// ErrorStatuses are the statuses that have an error answer of their own
// (configuration manual 4.2, errorfile).
var ErrorStatuses = []int{200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504}

// ErrorFiles is what an http-errors section is for an "errorfiles" argument:
// the linker gives the reference to the section a target of this type.
type ErrorFiles interface {
	// ErrorReply returns the section's answer for a status, nil if it has none.
	ErrorReply(status int) *tx.Reply
}

// ReplySpec is the answer that "return", "deny", "tarpit" and "http-error"
// describe with the same words (configuration manual 4.4, return).
type ReplySpec struct {
	Status int

	kind    string // "", "default-errorfiles", "errorfile", "errorfiles", "file", "string", "lf-file", "lf-string"
	section *keyword.Ref
	ctype   string
	body    []byte
	format  *logformat.Format
	hdrs    []replyHeader
	tarpit  bool
	fixed   *tx.Reply // the whole answer, where nothing in it depends on the request
	files   *tx.Reply // the proxy's error file
}

type replyHeader struct {
	name  []byte
	value *logformat.Format
}

// ReadReply reads the words of an answer up to the first that is none of
// them. def is the status where none is given, response the direction of
// the default.
func ReadReply(a *keyword.Args, def int) (*ReplySpec, error) {
	s := &ReplySpec{Status: def}
	first, alias := a.Pos, false
	var payload, payloadAt = "", -1
	for a.More() {
		at := a.Pos
		var err error
		switch w := a.Peek(); w {
		case "status", "deny_status":
			alias = alias || w == "deny_status"
			err = s.readStatus(a)
		case "content-type":
			a.Next()
			var ok bool
			if s.ctype, _, ok = a.Next(); !ok {
				err = refuse(at, "'content-type' expects <ctype> as argument")
			}
		case "default-errorfiles", "errorfile", "errorfiles", "file", "lf-file", "string", "lf-string":
			if s.kind != "" {
				return nil, refuse(at, "unexpected '%s' argument, '%s' already defined", w, s.kind)
			}
			payload, payloadAt, err = s.readPayload(a)
		case "hdr":
			err = s.readHeader(a)
		default:
			return s, s.finish(a.Env, alias || at == first, payload, payloadAt)
		}
		if err != nil {
			return nil, err
		}
	}
	return s, s.finish(a.Env, alias || a.Pos == first, payload, payloadAt)
}

func (s *ReplySpec) readStatus(a *keyword.Args) error {
	a.Next()
	w, at, ok := a.Next()
	if !ok {
		return refuse(-1, "'status' expects <status_code> as argument")
	}
	n, _ := strconv.Atoi(w)
	if n < 200 || n > 599 {
		return refuse(at, "Unexpected status code '%d'", n)
	}
	s.Status = n
	return nil
}

// readPayload takes the word that says what the body is, and its argument.
func (s *ReplySpec) readPayload(a *keyword.Args) (arg string, at int, err error) {
	s.kind, at, _ = a.Next()
	if s.kind == "default-errorfiles" {
		return "", at, nil
	}
	expects := map[string]string{"errorfile": "<fmt>", "errorfiles": "<name>", "file": "<file>", "lf-file": "<file>", "string": "<str>", "lf-string": "<fmt>"}
	arg, at, ok := a.Next()
	if !ok {
		return "", at, refuse(-1, "'%s' expects %s as argument", s.kind, expects[s.kind])
	}
	return arg, at, nil
}

func (s *ReplySpec) readHeader(a *keyword.Args) error {
	_, at, _ := a.Next()
	name, nameAt, ok := a.Next()
	if !ok || !a.More() {
		return refuse(at, "'hdr' expects <name> and <value> as arguments")
	}
	if strings.EqualFold(name, "content-length") || strings.EqualFold(name, "transfer-encoding") || strings.EqualFold(name, "content-type") {
		a.Env.Warnf(diag.NoEffect, nameAt, "hdr '%s' : the header is ignored by the http reply.", name)
		a.Next()
		return nil
	}
	f, err := takeFmt(a, "'hdr' expects <name> and <value> as arguments")
	if err != nil {
		return err
	}
	s.hdrs = append(s.hdrs, replyHeader{[]byte(strings.ToLower(name)), f})
	return nil
}

// finish loads what the payload names and makes the checks that need all words.
func (s *ReplySpec) finish(e *keyword.Env, defaults bool, arg string, at int) error {
	if s.kind == "" && defaults {
		s.kind = "default-errorfiles"
	}
	var err error
	switch s.kind {
	case "default-errorfiles", "errorfile", "errorfiles":
		return s.useFile(e, arg, at)
	case "file", "string":
		if s.body = []byte(arg); s.kind == "file" {
			s.body, err = readFile(e, arg, at)
		}
	case "lf-file":
		var text []byte
		if text, err = readFile(e, arg, at); err == nil && len(text) > 0 {
			s.format, err = compileFmt(e, string(text), at)
		}
	case "lf-string":
		if arg != "" {
			s.format, err = compileFmt(e, arg, at)
		}
	}
	if err != nil {
		return err
	}
	return s.checkType(e, at)
}

// useFile makes the answer an error file.
func (s *ReplySpec) useFile(e *keyword.Env, arg string, at int) error {
	if !slices.Contains(ErrorStatuses, s.Status) {
		return refuse(at, "status code '%d' not handled by default with '%s' argument.", s.Status, s.kind)
	}
	s.files = &tx.Reply{Status: s.Status}
	var err error
	switch s.kind {
	case "errorfiles":
		s.section = e.NewRef(keyword.ToHTTPErrors, arg, at)
		s.section.Missing = fmt.Sprintf("Proxy '%s': unknown http-errors section '%s' referenced by an http reply .", e.Owner, arg)
		if len(e.Words) > 0 && e.Words[0].Text == "http-error" {
			s.section.Missing = fmt.Sprintf("proxy '%s': unknown http-errors section '%s' (at %s).", e.Owner, arg, e.LineSpan())
		}
	case "errorfile":
		var raw []byte
		if raw, err = readFile(e, arg, at); err != nil {
			err = withEnd(err, ".")
		} else if fault := ErrorFileFault(raw); fault != "" {
			err = refuse(at, "'%s': %s", arg, fault)
		}
		if s.files.Raw = raw; raw == nil {
			s.files.Raw = []byte{} // no answer at all, other than no file
		}
	}
	if err != nil {
		return err
	}
	if s.ctype != "" {
		e.Warnf(diag.NoEffect, at, "content-type '%s' ignored by the http reply when used with an errorfile.", s.ctype)
	}
	if len(s.hdrs) > 0 {
		e.Warnf(diag.NoEffect, at, "hdr parameters ignored by the http reply when used with an errorfile.")
	}
	s.hdrs = nil
	return nil
}

// checkType holds the content type against the payload.
func (s *ReplySpec) checkType(e *keyword.Env, at int) error {
	full := len(s.body) > 0 || s.format != nil
	switch {
	case full && (s.Status == 204 || s.Status == 304):
		return refuse(at, "No body expected for %d responses", s.Status)
	case s.ctype == "" && strings.HasPrefix(s.kind, "lf-"):
		return refuse(at, "a content type must be defined with a log-format payload")
	case s.ctype == "" && full:
		return refuse(at, "a content type must be defined when non-empty payload is configured")
	case s.ctype != "" && s.kind == "":
		e.Warnf(diag.NoEffect, at, "content-type '%s' ignored by the http reply because neither errorfile nor payload defined.", s.ctype)
	case s.ctype != "" && !full:
		e.Warnf(diag.NoEffect, at, "content-type '%s' ignored by the http reply when used with an empty payload.", s.ctype)
	}
	s.settle()
	return nil
}

// withEnd adds to the end of an error's text.
func withEnd(err error, end string) error {
	var at *keyword.Error
	if errors.As(err, &at) {
		at.Text += end
	}
	return err
}

// readFile reads a file that a rule names.
func readFile(e *keyword.Env, path string, at int) ([]byte, error) {
	if path == "/dev/null" {
		return nil, nil
	}
	b, err := e.ReadFile(path)
	if err == nil {
		return b, nil
	}
	if e.Offline && os.IsNotExist(err) {
		e.Warnf(diag.Unreadable, at, "file '%s' was not checked.", path).Ours = true
		return nil, nil
	}
	return nil, &keyword.Error{Index: at, Code: diag.Unreadable, Text: fmt.Sprintf("error opening file '%s'", path)}
}

// settle makes the answer once and for all where no part of it depends on the
// request.
func (s *ReplySpec) settle() {
	if s.format != nil {
		text, ok := s.format.Literal()
		if !ok {
			return
		}
		s.format, s.body = nil, []byte(text)
	}
	for _, h := range s.hdrs {
		if _, ok := h.value.Literal(); !ok {
			return
		}
	}
	s.fixed = s.make(nil)
}

// make builds the answer for t, which is nil where nothing depends on it.
func (s *ReplySpec) make(t *tx.Tx) *tx.Reply {
	r := &tx.Reply{Status: s.Status, Body: s.body, Tarpit: s.tarpit}
	if s.format != nil {
		r.Body = s.format.Append(make([]byte, 0, 2*len(s.format.Text)+64), t)
	}
	if r.Body == nil {
		r.Body = []byte{}
	}
	r.Fields = make([]tx.Field, 0, len(s.hdrs)+2)
	add := func(name, value []byte) {
		r.Fields = append(r.Fields, tx.Field{Name: name, Value: value, ID: tx.IDOf(name)})
	}
	for _, h := range s.hdrs {
		v := h.value.Append(nil, t)
		if len(v) == 0 {
			continue // an empty value means no field
		}
		clean(v)
		add(h.name, v)
	}
	add(nameContentLength, strconv.AppendInt(nil, int64(len(r.Body)), 10))
	if s.ctype != "" && len(r.Body) > 0 {
		add(nameContentType, []byte(s.ctype))
	}
	return r
}

var (
	nameContentLength = []byte("content-length")
	nameContentType   = []byte("content-type")
	nameLocation      = []byte("location")
	nameCacheControl  = []byte("cache-control")
	nameSetCookie     = []byte("set-cookie")
	nameWWWAuth       = []byte("www-authenticate")
)

// Reply returns the answer for a transaction. It is shared: nobody may change it.
func (s *ReplySpec) Reply(t *tx.Tx) *tx.Reply {
	switch {
	case s.fixed != nil:
		return s.fixed
	case s.section != nil:
		if f := keyword.Target[ErrorFiles](s.section); f != nil {
			if r := f.ErrorReply(s.Status); r != nil {
				if s.tarpit {
					late := *r
					late.Tarpit = true
					return &late
				}
				return r
			}
		}
		return s.files
	case s.files != nil:
		return s.files
	}
	return s.make(t)
}

// delay makes the answer one that comes only after the tarpit's time.
func (s *ReplySpec) delay() {
	s.tarpit = true
	if s.fixed != nil {
		s.fixed.Tarpit = true
	}
	if s.files != nil {
		s.files.Tarpit = true
	}
}
