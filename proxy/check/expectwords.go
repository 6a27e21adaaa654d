package check

import (
	"encoding/hex"
	"strconv"
	"strings"

	"tandem/parser/diag"
	"tandem/parser/keyword"
	"tandem/proxy/logformat"
	"tandem/proxy/sample"
)

// expectDef makes the Def of "http-check expect" or "tcp-check expect".
func expectDef(d side) *keyword.Def[Change] {
	return define(d, "expect", "Say what a response must be like.", 0, func(e *keyword.Env, a *words) (Change, error) {
		c := &cursor{words: a, what: d.word + " expect"}
		if len(a.list) == 0 {
			return nil, bad(a.first-1, "'%s' : expects at least a matching pattern as arguments.", c.what)
		}
		r := rule{run: runExpect}
		if d.word == "http-check" {
			r.run = runHTTPExpect
		}
		x := newExpect("")
		if err := readExpect(e, c, d, x, &r); err != nil {
			return nil, err
		}
		if x.match == "" {
			return nil, c.fail("expects a matching pattern as arguments.")
		}
		r.expect = x
		return func(s *Setup) error {
			d.own(s)
			if d.word == "http-check" && s.ordered() && lastIsConnect(s.http) {
				return s.missing(s.http, "expect", "send")
			}
			add(d.list(s), d.note(s), r)
			return nil
		}, nil
	})
}

// complaint is the original's text for an unknown word of an expect rule.
func (d side) complaint() string {
	if d.word == "http-check" {
		return "'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '%s' as argument.."
	}
	return "'only supports min-recv, '[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf' or comment but got '%s' as argument.."
}

// readExpect reads the words of an expect rule.
func readExpect(e *keyword.Env, c *cursor, d side, x *expect, r *rule) error {
	for c.more() {
		w := c.next()
		if w == "!" {
			x.negated = !x.negated
			w = c.next()
		} else if strings.HasPrefix(w, "!") {
			x.negated, w = !x.negated, w[1:]
		}
		handled, err := readExpectOption(e, c, x, r, w)
		if err != nil {
			return err
		}
		if handled {
			continue
		}
		switch {
		case x.match != "" && (d.matchWord(w) || w == "custom"):
			return c.fail("only one pattern expected.")
		case w == "custom":
			// A word of the original's own checks, which it takes from
			// configurations too: nothing is looked at.
			x.match = w
			e.Warnf(diag.NoEffect, c.first+c.i-1, "'custom' names no pattern: any response is as expected.").Ours = true
			continue
		case !d.matchWord(w):
			return c.fail(d.complaint(), w)
		}
		if err := readMatch(e, c, x, r, w); err != nil {
			return err
		}
	}
	return nil
}

// matchWord says whether w names a way to match on this side.
func (d side) matchWord(w string) bool {
	switch w {
	case "string", "rstring", "string-lf":
		return true
	case "status", "rstatus", "hdr", "fhdr":
		return d.word == "http-check"
	case "binary", "rbinary", "binary-lf":
		return d.word == "tcp-check"
	}
	return false
}

// readExpectOption reads the words that stand beside the match.
func readExpectOption(e *keyword.Env, c *cursor, x *expect, r *rule, w string) (handled bool, err error) {
	format := func(dst **logformat.Format) error {
		v, err := c.need("'" + w + "' expects a string as argument.")
		if err != nil {
			return err
		}
		*dst, err = compileFormat(e, v, c.first+c.i-1, c.what)
		return err
	}
	status := func(dst *string, text string, allowed ...string) error {
		v, err := c.need("'" + w + "' expects a string as argument.")
		if err != nil {
			return err
		}
		for _, s := range allowed {
			if v == s {
				*dst = v
				return nil
			}
		}
		return c.fail("'%s' only supports %s status (got '%s')..", w, text, v)
	}
	switch w {
	case "min-recv":
		x.minRecv, _ = strconv.Atoi(c.next())
		if x.minRecv < -1 || x.minRecv > 1<<31-1 {
			return true, c.fail("'min-recv' expects -1 or an integer from 0 to INT_MAX.")
		}
	case "comment":
		r.comment, err = c.need("'comment' expects a string as argument.")
	case "ok-status":
		err = status(&x.okStatus, "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'", "L4OK", "L6OK", "L7OK", "L7OKC")
	case "error-status":
		err = status(&x.errStatus, "'L4CON', 'L6RSP', 'L7RSP' or 'L7STS'", "L4CON", "L6RSP", "L7RSP", "L7STS", "L7OKC")
	case "tout-status":
		err = status(&x.toutStatus, "'L4TOUT', 'L6TOUT' or 'L7TOUT'", "L4TOUT", "L6TOUT", "L7TOUT")
	case "on-success":
		err = format(&x.onSuccess)
	case "on-error":
		err = format(&x.onError)
	case "status-code":
		var v string
		if v, err = c.need("'status-code' expects an expression as argument."); err == nil {
			if x.statusCode, err = compileExpr(e, v, v); err != nil {
				err = c.fail("error detected while parsing status-code expression : %s.", strings.TrimSuffix(err.Error(), "."))
			}
		}
	default:
		return false, nil
	}
	return true, err
}

// readMatch reads the pattern of a match.
func readMatch(e *keyword.Env, c *cursor, x *expect, r *rule, w string) (err error) {
	x.match = w
	if w == "hdr" || w == "fhdr" {
		x.header = &headerMatch{full: w == "fhdr"}
		return readHeader(e, c, x.header, w)
	}
	v, err := c.need("'" + w + "' expects a <pattern> as argument.")
	if err != nil {
		return err
	}
	neg := ""
	if x.negated {
		neg = "!"
	}
	r.name = "expect " + neg + w + " '" + v + "'"
	switch w {
	case "string":
		x.pattern = []byte(unescape(v))
	case "binary":
		for i := range len(v) {
			if !strings.ContainsRune("0123456789abcdefABCDEF", rune(v[i])) {
				return c.fail("invalid binary string (an hex digit is expected (found '%c')).", v[i])
			}
		}
		if x.pattern, err = hex.DecodeString(v); err != nil {
			return c.fail("invalid binary string (an even number of hex digit is expected).")
		}
		r.name = "expect " + neg + "binary '" + strings.ToUpper(v) + "'"
	case "string-lf", "binary-lf":
		x.hexFormat = w == "binary-lf"
		x.format, err = compileFormat(e, v, c.first+c.i-1, c.what)
	case "rstring", "rbinary", "rstatus":
		if x.regex, err = sample.CompileRegexp(v, false); err != nil {
			return c.fail("regex '%s' is invalid (error=%s).", v, err)
		}
		r.name = "expect " + neg + w + " regex"
	case "status":
		x.codes, err = readCodes(c, v)
	}
	return err
}

// readCodes reads "200,300-304".
func readCodes(c *cursor, v string) ([][2]int, error) {
	var list [][2]int
	for _, part := range strings.Split(v, ",") {
		low, high, isRange := strings.Cut(part, "-")
		for _, s := range []string{low, high} {
			for i := range len(s) {
				if s[i] < '0' || s[i] > '9' {
					return nil, c.fail("invalid character '%c' in the list of status codes.", s[i])
				}
			}
		}
		a, err := strconv.Atoi(low)
		b := a
		if isRange {
			b, _ = strconv.Atoi(high)
			if err != nil || high == "" || b < a {
				return nil, c.fail("invalid range of status codes '%s'.", part)
			}
		}
		if err != nil {
			return nil, c.fail("invalid status code '%s'.", part)
		}
		list = append(list, [2]int{a, b})
	}
	return list, nil
}

// readHeader reads "name [-m <meth>] <name> [value [-m <meth>] <value>]".
func readHeader(e *keyword.Env, c *cursor, h *headerMatch, w string) error {
	first := c.next()
	if first != "name" && first != "name-lf" {
		return c.fail("'%s' expects at the name keyword as first argument followed by a pattern.", w)
	}
	var err error
	if h.nameMeth, h.name, h.nameFmt, h.nameRe, err = readPattern(e, c, w, first == "name-lf", true, "expects at the name keyword as first argument followed by a pattern."); err != nil {
		return err
	}
	if !c.more() || c.list[c.i] != "value" && c.list[c.i] != "value-lf" {
		return nil
	}
	second := c.next()
	h.hasValue = true
	h.valueMeth, h.value, h.valueFmt, h.valueRe, err = readPattern(e, c, w, second == "value-lf", false, "expects a <pattern> as argument behind 'value'.")
	return err
}

func readPattern(e *keyword.Env, c *cursor, w string, isFormat, fold bool, missing string) (meth, text string, f *logformat.Format, re *sample.Regexp, err error) {
	text = c.next()
	if text == "-m" {
		meth = c.next()
		switch meth {
		case "str", "beg", "end", "sub", "reg":
		default:
			return "", "", nil, nil, c.fail("'%s' : '-m' only supports 'str', 'beg', 'end', 'sub' or 'reg' (got '%s').", w, meth)
		}
		text = c.next()
	}
	if text == "" {
		return "", "", nil, nil, c.fail("'%s' %s", w, missing)
	}
	switch {
	case isFormat:
		f, err = compileFormat(e, text, c.first+c.i-1, c.what)
	case meth == "reg":
		if re, err = sample.CompileRegexp(text, fold); err != nil {
			err = c.fail("regex '%s' is invalid (error=%s).", text, err)
		}
	}
	return meth, text, f, re, err
}
