package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// oursName is the name of our own build in the table.
const oursName = "ours"

// peer is one of the programs that are compared.
type peer struct {
	Name    string `json:"name"`
	Path    string `json:"-"`
	Version string `json:"version"`
	Nginx   bool   `json:"nginx,omitempty"`  // speaks nginx's language
	Absent  string `json:"absent,omitempty"` // why it cannot run; empty when it can
	module  string // nginx: its stream module
}

// peerFlags collects the -peer options, each "path" or "path=name".
type peerFlags []peer

// String shows the names, as flag.Value wants it.
func (f *peerFlags) String() string {
	var names []string
	for _, p := range *f {
		names = append(names, p.Name)
	}
	return strings.Join(names, ",")
}

// Set takes one option.
func (f *peerFlags) Set(s string) error {
	path, name, ok := strings.Cut(s, "=")
	if path == "" || ok && name == "" {
		return errors.New("want path=name")
	}
	if !ok {
		name = filepath.Base(path)
	}
	*f = append(*f, peer{Name: name, Path: path, Nginx: strings.Contains(filepath.Base(path), "nginx")})
	return nil
}

// findPeers gives all peers: ours first, then the installed originals, then
// those of -peer. Ours is the file of -ours, or built here.
func findPeers(ctx context.Context, oursPath, dir string, extra []peer) ([]peer, error) {
	peers := []peer{findOurs(ctx, oursPath, dir)}
	for _, name := range []string{"haproxy", "nginx"} {
		p := peer{Name: name, Nginx: name == "nginx"}
		path, err := lookPath(name)
		if err != nil {
			p.Absent = "not installed"
		}
		p.Path = path
		peers = append(peers, p)
	}
	peers = append(peers, extra...)
	seen := map[string]bool{}
	for i := range peers {
		p := &peers[i]
		if seen[p.Name] {
			return nil, fmt.Errorf("two peers are called %q: name one with -peer path=name", p.Name)
		}
		seen[p.Name] = true
		if p.Absent == "" {
			p.ask(ctx)
		}
	}
	return peers, nil
}

// lookPath is exec.LookPath with the directories of system programs, which an
// ordinary user's PATH may lack.
func lookPath(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, dir := range []string{"/usr/local/sbin", "/usr/sbin", "/sbin"} {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%s: %w", name, exec.ErrNotFound)
}

// findOurs builds cmd/haproxy of the module around the working directory.
func findOurs(ctx context.Context, path, dir string) peer {
	p := peer{Name: oursName, Path: path}
	switch path {
	case "none":
		p.Absent = "left out"
		return p
	case "":
	default:
		return p
	}
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	if err != nil || root == "." || root == "/dev" {
		p.Absent = "no Go module here to build it from; name a build with -ours"
		return p
	}
	if _, err := os.Stat(filepath.Join(root, "cmd", "haproxy")); err != nil {
		p.Absent = "cmd/haproxy does not exist yet"
		return p
	}
	p.Path = filepath.Join(dir, "ours-haproxy")
	build := exec.CommandContext(ctx, "go", "build", "-o", p.Path, "./cmd/haproxy")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		p.Absent = "does not build: " + lastLine(string(out))
	}
	return p
}

// ask runs the program for its version, and finds nginx's stream module.
func (p *peer) ask(ctx context.Context) {
	arg := "-v"
	if p.Nginx {
		arg = "-V"
	}
	out, err := exec.CommandContext(ctx, p.Path, arg).CombinedOutput()
	if err != nil {
		p.Absent = "does not tell its version: " + err.Error()
		return
	}
	p.Version, _, _ = strings.Cut(strings.TrimSpace(string(out)), "\n")
	if p.Nginx {
		p.module = streamModule(string(out), func(f string) bool { _, err := os.Stat(f); return err == nil })
	}
}

// streamModule reads from nginx -V whether the stream module is built in
// ("builtin"), stands in a file (its path), or is absent ("").
func streamModule(v string, exists func(string) bool) string {
	dir := ""
	for word := range strings.FieldsSeq(v) {
		if word == "--with-stream" {
			return "builtin"
		}
		if d, ok := strings.CutPrefix(word, "--modules-path="); ok {
			dir = d
		}
	}
	if file := filepath.Join(dir, "ngx_stream_module.so"); dir != "" && exists(file) {
		return file
	}
	return ""
}
