package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// wrkMark begins the line that the script prints at the end.
const wrkMark = "lbbench-result "

// wrkScript writes the Lua program that makes wrk send the load's requests
// and tell its counts with p99.9, which its own report lacks.
func wrkScript(spec loadSpec) string {
	var b strings.Builder
	depth := max(spec.Depth, 1)
	if len(spec.Requests) == 1 && depth == 1 {
		r := spec.Requests[0]
		method, header := r.head(spec.Close)
		fmt.Fprintf(&b, "wrk.method = %s\nwrk.path = %s\n", luaString(method), luaString(r.Path))
		for _, h := range header {
			name, value, _ := strings.Cut(h, ": ")
			fmt.Fprintf(&b, "wrk.headers[%s] = %s\n", luaString(name), luaString(value))
		}
	} else {
		// Prepared texts sent in turn: a call for each, but no formatting.
		b.WriteString("local texts = {\n")
		for _, w := range spec.wires() {
			fmt.Fprintf(&b, "%s,\n", luaString(string(w)))
		}
		b.WriteString("}\nlocal i = 0\nrequest = function()\n  i = i + 1\n" +
			"  if i > #texts then i = 1 end\n  return texts[i]\nend\n")
	}
	fmt.Fprintf(&b, `done = function(s, lat)
  io.write(string.format('\n%s{"requests":%%d,"wall":%%d,"p50":%%d,"p99":%%d,"p999":%%d,"wrong":%%d,"broken":%%d}\n',
    s.requests, s.duration * 1000, lat:percentile(50) * 1000, lat:percentile(99) * 1000,
    lat:percentile(99.9) * 1000, s.errors.status,
    s.errors.connect + s.errors.read + s.errors.write + s.errors.timeout))
end
`, wrkMark)
	return b.String()
}

// luaString quotes s for Lua.
func luaString(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < ' ' || c > '~':
			fmt.Fprintf(&b, "\\%03d", c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// wrkCommand writes the script into dir and gives wrk's arguments. wrk takes
// whole seconds only.
func wrkCommand(spec loadSpec, dir string) ([]string, error) {
	file := filepath.Join(dir, "wrk.lua")
	if err := os.WriteFile(file, []byte(wrkScript(spec)), 0o600); err != nil {
		return nil, err
	}
	scheme := "http"
	if spec.TLS {
		scheme = "https"
	}
	seconds := max(1, int(math.Round(spec.Time.Seconds())))
	return []string{
		"-t", "1", "-c", strconv.Itoa(spec.Conns), "-d", fmt.Sprintf("%ds", seconds),
		"--timeout", "10s", "-s", file, scheme + "://" + spec.Addr + spec.Requests[0].Path,
	}, nil
}

// parseWrk finds the script's line in wrk's output.
func parseWrk(out string) (loadResult, error) {
	_, rest, ok := strings.Cut(out, wrkMark)
	if !ok {
		return loadResult{}, fmt.Errorf("wrk gave no result: %s", lastLine(out))
	}
	text, _, _ := strings.Cut(rest, "\n")
	var r loadResult
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return loadResult{}, fmt.Errorf("cannot read wrk's result %q: %w", text, err)
	}
	if r.Wrong > 0 {
		r.FirstErr = "status of 400 or more"
	}
	if r.Broken > 0 {
		r.FirstErr = "socket errors or timeouts"
	}
	r.Requests -= r.Wrong
	return r, nil
}

// lastLine gives the last line that is not empty, to quote in a message.
func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// roundTime is the time that one round of spec takes with wrk or without.
func roundTime(spec loadSpec, wrk bool) time.Duration {
	if wrk {
		return max(time.Second, spec.Time.Round(time.Second))
	}
	return spec.Time
}
