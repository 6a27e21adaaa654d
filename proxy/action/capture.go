package action

import (
	"fmt"
	"strconv"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
	"tandem/proxy/sample"
	"tandem/proxy/tx"
)

// captures are the actions that fill capture slots.
var captures = []*keyword.Def[Action]{
	keyword.Define(keyword.Spec{
		Name: "capture", In: tcpCnt | httpAll, Doc: "Copy a value into a capture slot.",
	}, newCapture),
}

// Slots is a proxy as a capture action needs it. It is attached to the Env of
// the proxy's section.
type Slots interface {
	// AddSlot declares a capture slot of at most n bytes behind the others
	// and returns its number.
	AddSlot(response bool, n int) int
	// SlotLen returns the most bytes that a slot takes; ok is false where
	// there is no such slot yet.
	SlotLen(response bool, id int) (n int, ok bool)
	// BandwidthFilter says whether the proxy has a bwlim filter at all, and
	// whether the one of that name has a limit shared by all streams.
	BandwidthFilter(name string) (some, shared bool)
}

// captureArgs is "<sample> { len <length> | id <id> }".
type captureArgs struct {
	sample expr.Sample
	len    int // 0: id holds
	id     int
	at     int
}

// Usage is what messages say of the arguments.
func (captureArgs) Usage() string { return "<sample> [ len <length> | id <id> ]" }

// ParseArgs reads the expression and the slot.
func (c *captureArgs) ParseArgs(a *keyword.Args) (err error) {
	http := a.Env.Scope&httpAll != 0
	response := bool(messageOf(a.Env))
	usage := "expects <expression> [ 'len' <length> | id <idx> ]"
	if response {
		usage = "expects <expression> id <idx>"
	}
	if !a.More() {
		if http {
			return refuse(-1, "%s", usage)
		}
		return refuse(-1, "'tcp-request content capture' : missing fetch method")
	}
	if c.sample, err = takeSample(a); err != nil {
		return err
	}
	w, at, _ := a.Next()
	v, vat, ok := a.Next()
	c.at = vat
	switch {
	case !http && (w != "len" || !ok):
		return refuse(-1, "'tcp-request content capture' : a positive 'len' argument is mandatory")
	case w == "" || w == "if" || w == "unless" || (w == "len" || w == "id") && !ok:
		return refuse(-1, "%s", usage)
	case response && w != "id":
		return refuse(at, "expects 'id', found '%s'", w)
	case w == "len":
		digits := len(v) - len(strings.TrimLeft(v, "0123456789"))
		if c.len, err = strconv.Atoi(v[:digits]); err != nil || c.len <= 0 { // what follows the digits is not looked at
			if http {
				return refuse(vat, "length must be > 0")
			}
			return refuse(vat, "'tcp-request content capture' : length must be > 0")
		}
	case w == "id":
		if c.id, err = strconv.Atoi(v); err != nil || c.id < 0 {
			return refuse(vat, "invalid id '%s'", v)
		}
	default:
		return refuse(at, "expects 'len' or 'id', found '%s'", w)
	}
	return nil
}

func newCapture(e *keyword.Env, a *captureArgs) (Action, error) {
	x, err := sample.Compile(e, a.sample)
	if err != nil {
		return Action{}, err
	}
	on, id := messageOf(e), a.id
	limit := new(int) // set when the proxy's slots are known
	*limit = a.len
	slots := keyword.Attached[Slots](e)
	switch {
	case slots == nil:
	case a.len > 0:
		if e.Section == "backend" {
			return Action{}, refuse(a.at, "proxy '%s' has no frontend capability", e.Owner)
		}
		id = slots.AddSlot(false, a.len)
	case e.Section == "frontend" || e.Section == "listen":
		ref := e.NewRef(keyword.ToProxy, e.Owner, a.at)
		ref.Check = func(any) string {
			n, ok := slots.SlotLen(bool(on), id)
			if *limit = n; ok {
				return ""
			}
			set := "http-request"
			if on {
				set = "http-response"
			}
			return fmt.Sprintf("Proxy '%s': unable to find capture id '%d' referenced by %s capture rule.", ref.Owner, id, set)
		}
	}
	return Action{Run: func(t *tx.Tx) Verdict {
		caps := t.ReqCaps
		if on {
			caps = t.ResCaps
		}
		v := t.Borrow()
		defer t.Return()
		if id >= len(caps) || !x.Eval(t, tx.TypeStr, v) {
			return Continue
		}
		b := v.B
		if *limit > 0 && len(b) > *limit {
			b = b[:*limit]
		}
		caps[id] = t.Scratch.Copy(b)
		return Continue
	}}, nil
}
