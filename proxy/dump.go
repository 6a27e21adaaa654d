package proxy

import (
	"bufio"
	"fmt"
	"io"
	"sort"
	"strings"

	"tandem/parser/keyword"
	"tandem/proxy/action"
	"tandem/proxy/cli"
	"tandem/proxy/config"
	"tandem/proxy/listen"
	"tandem/proxy/pattern"
	"tandem/proxy/sample"
	"tandem/proxy/server"
	"tandem/proxy/tx"
)

// dumpClasses are the classes of -dK in the order of "all".
var dumpClasses = []struct {
	name, doc, title string
	dump             func(w *bufio.Writer)
}{
	{"acl", "ACL keywords", "ACL keywords", dumpACL},
	{"cfg", "configuration keywords", "configuration keywords", dumpConfig},
	{"cli", "CLI keywords", "CLI keywords", dumpCLI},
	{"cnv", "sample converter keywords", "sample converter functions", dumpConvs},
	{"flt", "filter names", "filter names", dumpFilters},
	{"smp", "sample fetch functions", "sample fetch functions", dumpFetches},
	{"svc", "service names", "service names", dumpServices},
}

// DumpKeywords prints the keyword tables of the given classes, joined by
// commas, as the original's -dK does; "all" stands for all classes, and
// "help" for their list (management manual 3, -dK).
func DumpKeywords(out io.Writer, classes string) error {
	w := bufio.NewWriter(out)
	if classes == "" {
		classes = "help"
	}
	for _, c := range strings.Split(classes, ",") {
		switch c {
		case "help":
			fmt.Fprint(w, "# List of supported keyword classes:\nall: list all keywords\n")
			for _, d := range dumpClasses {
				fmt.Fprintf(w, "%s: %s\n", d.name, d.doc)
			}
			continue
		}
		for _, d := range dumpClasses {
			if c == "all" || c == d.name {
				fmt.Fprintf(w, "# List of registered %s:\n", d.title)
				d.dump(w)
			}
		}
	}
	return w.Flush()
}

func dumpACL(w *bufio.Writer) {
	for _, a := range pattern.Aliases() {
		fmt.Fprintln(w, a)
	}
}

func dumpConvs(w *bufio.Writer) {
	for _, d := range sample.Convs.All() {
		if d.Flags.Has(keyword.NotDumped) {
			continue
		}
		s := sample.ConvSignatures[d.Name]
		fmt.Fprintf(w, "%s: %s => %s\n", call(d.Name, s.Args), typeName(s.Out, "same"), typeName(s.In, "any"))
	}
}

// typeName is what the dump calls a type.
func typeName(t tx.Type, same string) string {
	switch t {
	case tx.TypeSame:
		return same
	case tx.TypeAny:
		return "any"
	case tx.TypeBool:
		return "bool"
	case tx.TypeInt:
		return "sint"
	case tx.TypeStr:
		return "str"
	case tx.TypeMethod:
		return "meth"
	case tx.TypeBin:
		return "bin"
	}
	return t.String()
}

// call writes a signature.
func call(name, args string) string {
	if args == "" {
		return name
	}
	return name + "(" + args + ")"
}

func dumpFilters(w *bufio.Writer) {
	for _, d := range config.Filters.All() {
		if d.Until == 0 {
			fmt.Fprintf(w, "%s [%s]\n", d.Name, config.FilterScope(d.Name))
		}
	}
}

func dumpServices(w *bufio.Writer) { fmt.Fprintln(w, "prometheus-exporter") }

// dumpFetches prints the fetches below a drawing of the places in which each
// of them may be used, a column a place.
func dumpFetches(w *bufio.Writer) {
	names := sample.PlaceNames()
	for i, n := range names {
		left := len(names) - 1 - i
		fmt.Fprintf(w, "#%s", strings.Repeat(" ", left+2))
		for range i {
			fmt.Fprint(w, "/ ")
		}
		fmt.Fprintf(w, "_.%s %s\n", strings.Repeat("-", left+1), n)
	}
	fmt.Fprintf(w, "#%s  \n", strings.Repeat(" /", len(names)))
	fmt.Fprintf(w, "#%s \n", strings.Repeat(" |", len(names)))
	for _, d := range sample.Fetches.All() {
		if d.Flags.Has(keyword.NotDumped) {
			continue
		}
		s := sample.FetchSignatures[d.Name]
		fmt.Fprintf(w, "[ %s ] %s: %s\n", s.Need.Where().Mark(), call(d.Name, s.Args), typeName(s.Out, "any"))
	}
}

func dumpCLI(w *bufio.Writer) {
	for _, d := range cli.Commands.All() {
		if !d.Flags.Has(keyword.NotDumped) {
			fmt.Fprintf(w, "%s [WORKER] \n", d.Name)
		}
	}
}

// dumpConfig prints the words of the configuration by section.
func dumpConfig(w *bufio.Writer) {
	fmt.Fprintln(w, "global")
	heads(w, config.GlobalWords)
	fmt.Fprintln(w, "listen")
	heads(w, config.ProxyWords)
	for _, d := range listen.Words.All() {
		ssl := ""
		if listen.IsTLS(d.Name) {
			ssl = "ssl "
		}
		fmt.Fprintf(w, "\tbind <addr> %s%s%s\n", ssl, d.Name, skips(d.Usage(), d.Name))
	}
	for _, d := range server.Words.All() {
		name := strings.TrimSuffix(d.Name, "(")
		fmt.Fprintf(w, "\tserver <name> <addr> %s%s\n", name, skips(d.Usage(), d.Name))
	}
	for _, d := range config.ProxyWords.All() {
		if name, ok := strings.CutPrefix(d.Name, "option "); ok && d.Until == 0 && d.Flags.Has(keyword.No) && !d.Flags.Has(keyword.NotDumped) {
			fmt.Fprintf(w, "\toption %s [ %s]\n", name, sides(d.In)+httpMark(name))
		}
	}
	dumpRules(w)
	for _, s := range config.OtherTables() {
		fmt.Fprintln(w, s.Section)
		for _, n := range s.Words {
			fmt.Fprintf(w, "\t%s\n", n)
		}
	}
}

// heads prints the first words of a table's names, each once.
func heads[T any](w *bufio.Writer, t *keyword.Table[T]) {
	seen := map[string]bool{"option": true}
	for _, d := range t.All() {
		h, _, _ := strings.Cut(d.Name, " ")
		if !seen[h] && !d.Flags.Has(keyword.NotDumped) {
			seen[h] = true
			fmt.Fprintf(w, "\t%s\n", h)
		}
	}
}

// skips is how many words follow a keyword, as the original notes it.
func skips(usage, name string) string {
	rest := strings.TrimSpace(strings.TrimPrefix(usage, name))
	switch {
	case rest == "" || strings.HasPrefix(rest, "("):
		return ""
	case name == "source":
		return " +-1"
	}
	return " +1"
}

// sides is where an option may stand.
func sides(in keyword.Scope) string {
	s := ""
	if in&keyword.Frontend != 0 {
		s += "FE "
	}
	if in&keyword.Backend != 0 {
		s += "BE "
	}
	return s
}

// httpMark is what follows the sides of options that need HTTP.
func httpMark(name string) string {
	if config.NeedsHTTP(name) {
		return "HTTP "
	}
	return ""
}

// ruleSets are the sets that have actions, in the order of the dump.
var ruleSets = []struct {
	in   keyword.Scope
	name string
}{
	{keyword.TCPConnection, "tcp-request connection"}, {keyword.TCPSession, "tcp-request session"}, {keyword.TCPContent, "tcp-request content"},
	{keyword.TCPResponse, "tcp-response content"}, {keyword.HTTPRequest, "http-request"}, {keyword.HTTPResponse, "http-response"},
	{keyword.HTTPAfterResponse, "http-after-response"},
}

// dumpRules prints the actions of each rule set.
func dumpRules(w *bufio.Writer) {
	for _, set := range ruleSets {
		var names []string
		for _, d := range action.Actions.All() {
			if d.In&set.in == 0 || d.Until != 0 {
				continue
			}
			n := d.Name
			if d.Flags.Has(keyword.Prefix) {
				n = strings.TrimSuffix(n, "(") + "*"
			}
			names = append(names, n)
		}
		sort.Strings(names)
		for _, n := range names {
			fmt.Fprintf(w, "\t%s %s\n", set.name, n)
		}
	}
}
