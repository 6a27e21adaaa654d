package check

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"tandem/proxy/logformat"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// answer is what an expect rule makes of what was received so far.
type answer uint8

const (
	yes answer = iota
	no
	more // wait for more data
)

// expect is one expect rule.
type expect struct {
	match               string // string rstring binary rbinary status rstatus hdr fhdr custom
	negated             bool
	pattern             []byte
	format              *logformat.Format // of the -lf matches
	hexFormat           bool
	regex               *sample.Regexp
	codes               [][2]int
	header              *headerMatch
	minRecv             int
	okStatus, errStatus string
	toutStatus          string
	onSuccess, onError  *logformat.Format
	statusCode          *sample.Expr
	custom              func(p *Probe, last bool) (answer, *Result)
	disableOn404        bool
}

func newExpect(match string) *expect {
	return &expect{match: match, minRecv: -1, okStatus: "L7OK", toutStatus: "L7TOUT"}
}

// text evaluates a format for the result's description.
func (e *expect) text(p *Probe, f *logformat.Format) string {
	return string(f.Append(nil, p.tx))
}

// runExpect waits until the rule is decided.
func runExpect(_ context.Context, p *Probe, r *rule) *Result {
	e := r.expect
	for {
		if len(p.buf) == 0 && !p.eof {
			p.fill()
			continue
		}
		if p.timedOut() {
			return e.timeout(p, r)
		}
		if len(p.buf) == 0 && p.eof {
			return e.empty(p, r)
		}
		last := p.eof || len(p.buf) >= maxResponse
		if a, res := e.decide(p, r, last); a != more {
			if res == nil {
				p.last = e
				e.learn(p)
			}
			return res
		}
		if !p.fill() && !p.eof {
			p.eof = true
		}
	}
}

// learn takes the status code for the result.
func (e *expect) learn(p *Probe) {
	if e.statusCode != nil {
		var v sample.Value
		if e.statusCode.Eval(p.tx, tx.TypeInt, &v) {
			p.code = int(v.Int)
		}
	}
}

// timeout is the result of a rule that was not decided in time.
func (e *expect) timeout(p *Probe, r *rule) *Result {
	res := &Result{Status: e.toutStatus}
	if r.name != "" {
		res.Desc = fmt.Sprintf(" at step %d of tcp-check (%s)%s", p.rule, r.name, r.remark())
	}
	return res
}

// empty is the result where the connection ended without data.
func (e *expect) empty(p *Probe, r *rule) *Result {
	if p.readErr != nil && !errors.Is(p.readErr, syscall.ECONNRESET) {
		return connectErrorOf(p.readErr)
	}
	if r.blank != nil {
		blank := *r.blank
		return &blank
	}
	return &Result{Status: e.failStatus("L7RSP"), Desc: fmt.Sprintf("TCPCHK got an empty response at step %d%s", p.rule, r.remark())}
}

func connectErrorOf(err error) *Result { return connectError(context.Background(), err) }

func (e *expect) failStatus(def string) string {
	if e.errStatus != "" {
		return e.errStatus
	}
	return def
}

// remark is the comment that ends messages.
func (r *rule) remark() string {
	if r.comment == "" {
		return ""
	}
	return " comment: " + r.comment
}

// decide looks at what was received.
func (e *expect) decide(p *Probe, r *rule, last bool) (answer, *Result) {
	if e.custom != nil {
		return e.custom(p, last)
	}
	if len(p.buf) < e.minRecv && !last {
		return more, nil
	}
	pattern := e.pattern
	if e.format != nil {
		pattern = e.format.Append(nil, p.tx)
		if e.hexFormat {
			b, err := hex.DecodeString(string(pattern))
			if err != nil {
				return no, &Result{Status: e.failStatus("L7RSP"), Desc: fmt.Sprintf("TCPCHK invalid log-format string at step %d", p.rule)}
			}
			pattern = b
		}
	}
	var found bool
	switch {
	case e.regex != nil && e.match == "rbinary":
		found = e.regex.Match([]byte(strings.ToUpper(hex.EncodeToString(p.buf))))
	case e.regex != nil:
		found = e.regex.Match(p.buf)
	default:
		if len(p.buf) < len(pattern) && !last {
			return more, nil
		}
		found = bytes.Contains(p.buf, pattern)
	}
	// What was not found may still come, unless min-recv says that enough is
	// there to know that it was not.
	if !found && !last && (e.minRecv < 0 || e.minRecv > 0 && !e.negated) {
		return more, nil
	}
	if found != e.negated {
		return yes, nil
	}
	return no, e.mismatch(p, r, pattern)
}

// mismatch is the result of content that is not as expected.
func (e *expect) mismatch(p *Probe, r *rule, pattern []byte) *Result {
	res := &Result{Status: e.failStatus("L7RSP"), Code: e.codeOf(p)}
	res.Drain = res.Status == "L7OKC"
	res.OK = res.Drain
	if e.onError != nil {
		res.Desc = e.text(p, e.onError)
		return res
	}
	what := "did not match content"
	if e.negated {
		what = "matched unwanted content"
	}
	switch e.match {
	case "string":
		what += " '" + string(pattern) + "'"
	case "rstring":
		what += " (regex)"
	case "binary":
		what += " (binary)"
	case "rbinary":
		what += " (binary regex)"
	default:
		what += " (log-format)"
	}
	res.Desc = fmt.Sprintf("TCPCHK %s at step %d%s", what, p.rule, r.remark())
	return res
}

func (e *expect) codeOf(p *Probe) int {
	if e.statusCode == nil {
		return 0
	}
	var v sample.Value
	if e.statusCode.Eval(p.tx, tx.TypeInt, &v) {
		return int(v.Int)
	}
	return 0
}

// headerMatch is "hdr name … value …".
type headerMatch struct {
	full      bool // fhdr
	nameMeth  string
	name      string
	nameFmt   *logformat.Format
	nameRe    *sample.Regexp
	hasValue  bool
	valueMeth string
	value     string
	valueFmt  *logformat.Format
	valueRe   *sample.Regexp
}

// found says whether a response has such a header.
func (h *headerMatch) found(t *tx.Tx) bool {
	name, value := h.name, h.value
	if h.nameFmt != nil {
		name = string(h.nameFmt.Append(nil, t))
	}
	if h.valueFmt != nil {
		value = string(h.valueFmt.Append(nil, t))
	}
	for i := range t.Res.Fields {
		f := &t.Res.Fields[i]
		if !matches(h.nameMeth, string(f.Name), strings.ToLower(name), h.nameRe) {
			continue
		}
		if !h.hasValue {
			return true
		}
		list := []string{string(f.Value)}
		if !h.full {
			list = strings.Split(list[0], ",")
		}
		for _, v := range list {
			if matches(h.valueMeth, strings.TrimSpace(v), value, h.valueRe) {
				return true
			}
		}
	}
	return false
}

func matches(meth, s, want string, re *sample.Regexp) bool {
	switch meth {
	case "beg":
		return strings.HasPrefix(s, want)
	case "end":
		return strings.HasSuffix(s, want)
	case "sub":
		return strings.Contains(s, want)
	case "reg":
		return re.Match([]byte(s))
	}
	return s == want
}

// inCodes says whether a status is in a list of codes and ranges.
func inCodes(list [][2]int, code int) bool {
	for _, r := range list {
		if code >= r[0] && code <= r[1] {
			return true
		}
	}
	return false
}

// statusText is a status as regular expressions see it.
func statusText(code int) []byte { return strconv.AppendInt(nil, int64(code), 10) }
