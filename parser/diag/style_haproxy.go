package diag

import (
	"bufio"
	"io"
	"os"
	"strconv"
)

// HaproxyStyle prints messages as haproxy does (management manual, "errors";
// observed output of 3.5). The zero value prints under our own process id and
// without the version lines. Not safe for concurrent use.
type HaproxyStyle struct {
	PID      int    // 0: of this process
	Version  string // "3.5-dev5"; empty: no version lines
	Exe      string // path of the executable
	ShowDiag bool   // -dD: print the DIAG messages too

	announced bool // version and path have been said
	shown     int  // messages of the list printed last that are out
	last      *List
}

// Print writes the messages of l. Printing the same list again writes what was
// added since. Before the first ALERT, WARNING or DIAG, version and path are
// told once.
func (h *HaproxyStyle) Print(w io.Writer, l *List) error {
	if h.last != l || h.shown > len(l.All) {
		h.last, h.shown = l, 0
	}
	b := bufio.NewWriter(w)
	for i := h.shown; i < len(l.All); i++ {
		h.write(b, &l.All[i])
	}
	h.shown = len(l.All)
	return b.Flush()
}

// write writes one message.
func (h *HaproxyStyle) write(b *bufio.Writer, d *Diagnostic) {
	if d.Quiet || d.Severity == Diag && !h.ShowDiag {
		return
	}
	if d.Severity != Notice && !h.announced && h.Version != "" {
		h.announced = true
		h.label(b, Notice)
		b.WriteString("haproxy version is " + h.Version + "\n")
		h.label(b, Notice)
		b.WriteString("path to executable is " + h.Exe + "\n")
	}
	h.label(b, d.Severity)
	b.WriteString(d.Place())
	if d.Subject != "" {
		b.WriteString("'" + d.Subject + "' : ")
	}
	b.WriteString(d.Text)
	b.WriteByte('\n')
	for _, e := range d.Extra {
		b.WriteString(e)
		b.WriteByte('\n')
	}
}

// labelWidth is the column to which "[LABEL]" is padded.
const labelWidth = 10

// label writes "[ALERT]    (pid) : ".
func (h *HaproxyStyle) label(b *bufio.Writer, s Severity) {
	pid := h.PID
	if pid == 0 {
		pid = os.Getpid()
	}
	n, _ := b.WriteString("[" + s.String() + "]")
	for ; n < labelWidth; n++ {
		b.WriteByte(' ')
	}
	b.WriteString(" (" + strconv.Itoa(pid) + ") : ")
}

// Place returns what haproxy writes between the process id and the text of a
// message, as Layout says: "config : parsing [f:3] : ".
func (d *Diagnostic) Place() string {
	at := ""
	if !d.Span.IsZero() {
		at = "[" + d.Span.String() + "]"
	}
	switch {
	case d.Layout == PostParse && at == "" || d.Layout == Told:
		return ""
	case d.Layout == PostParse:
		return at + " : "
	case d.Layout == Bare || at == "":
		return "config : "
	case d.Layout == Place:
		return "config : " + at + " : "
	case d.Layout == ParsingTight:
		return "config : parsing " + at + ": "
	}
	return "config : parsing " + at + " : "
}
