package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// bigBackends is the number of backends, and of conditions that choose them,
// in the configuration of the check row.
const bigBackends = 10_000

// writeBigConfig writes that configuration: 9 lines, then 10,000 conditions
// in one frontend, then 10,000 backends of a header and 8 lines with 5 servers
// each: 100,009 lines.
func writeBigConfig(w io.Writer) error {
	b := bufio.NewWriter(w)
	fmt.Fprint(b, "global\n    maxconn 1000\ndefaults\n    mode http\n"+
		"    timeout connect 5s\n    timeout client 50s\n    timeout server 50s\n"+
		"frontend fe\n    bind 127.0.0.1:18080\n") // a check binds nothing
	for i := range bigBackends {
		fmt.Fprintf(b, "    use_backend be%05d if { hdr(host) -i host%05d.example.com }\n", i, i)
	}
	for i := range bigBackends {
		fmt.Fprintf(b, "backend be%05d\n    balance roundrobin\n    option forwardfor\n"+
			"    http-request set-header X-Pool be%05d\n", i, i)
		for k := 1; k <= 5; k++ {
			fmt.Fprintf(b, "    server srv%d 10.%d.%d.%d:8080 weight %d\n", k, i>>8, i&255, k, 10*k)
		}
	}
	return b.Flush()
}

// writeBrokenConfig writes the same with one line more that every version of
// HAProxy refuses.
func writeBrokenConfig(w io.Writer) error {
	if err := writeBigConfig(w); err != nil {
		return err
	}
	_, err := io.WriteString(w, "    balance no-such-way\n")
	return err
}

// writeMaps writes the map row's table in both languages.
func writeMaps(dir string) error {
	for _, f := range []struct{ name, format string }{
		{haproxyMap, "%s %s\n"}, {nginxMap, "%s %s;\n"},
	} {
		err := writeFile(filepath.Join(dir, f.name), func(w io.Writer) error {
			b := bufio.NewWriter(w)
			for i := range mapEntries {
				fmt.Fprintf(b, f.format, mapKey(i), mapValue(i))
			}
			return b.Flush()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// writeFile makes a file and has fill write it.
func writeFile(name string, fill func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := fill(f); err != nil {
		f.Close()
		return fmt.Errorf("cannot write %s: %w", name, err)
	}
	return f.Close()
}
