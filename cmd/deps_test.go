package cmd

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// importMap is the architecture: "a < b" means that b may import a, and so may
// whatever stands behind b. Capital words are names for groups. A new package
// gets its line here; a line is not loosened to make a build pass.
const importMap = `
NONE < stats ;
NONE < parser/lua < proxy/lua ;
NONE < parser/source < parser/diag < parser/haproxy, parser/keepalived, parser/expr ;
parser/diag < parser/keyword ;

stats, parser/keyword, parser/expr
  < proxy/server, proxy/listen, proxy/certs, proxy/auth, proxy/resolve, proxy/stick
  < proxy/tx < proxy/sample < proxy/pattern < proxy/logformat
  < proxy/action, proxy/balance, proxy/check, proxy/filter, proxy/logs
  < PROXYFEATURES ;
proxy/stick < proxy/peers < PROXYFEATURES ;
proxy/action < proxy/lua < proxy/config ;
proxy/tx < proxy/h1, proxy/h2, proxy/h3, proxy/fcgi ;
proxy/h1, proxy/h2, proxy/h3, proxy/fcgi < proxy/engine ;
NONE < proxy/socket < proxy/listen, proxy/engine ;
NONE < proxy/recent < proxy/stick, proxy/peers, proxy/filter ;
PROXYFEATURES, parser/haproxy < proxy/config < proxy/engine, proxy/cli < proxy < cmd/haproxy ;

stats, parser/keyword, parser/expr < vrrp/packet < vrrp/fsm ;
NONE < vrrp/bfd < VRRPFEATURES ;
stats, parser/keyword, parser/expr < vrrp/netif, vrrp/wire, vrrp/notify < vrrp/announce, vrrp/track, vrrp/lvs ;
vrrp/fsm, vrrp/announce, vrrp/track, vrrp/lvs < VRRPFEATURES ;
VRRPFEATURES, parser/keepalived < vrrp/config < vrrp/daemon < vrrp < cmd/keepalived ;

NONE < cmd/lbbench ;
proxy, vrrp < cmd/kwdoc ;

vrrp !< proxy ; proxy !< vrrp ;
net, os, vrrp/netif, vrrp/wire !< vrrp/fsm, vrrp/bfd ;
parser/keyword !< parser/haproxy, parser/keepalived
`

// fences says which rooms may import a library: prefixes of our packages.
var fences = map[string][]string{
	"github.com/alecthomas/participle": {"parser/"},
	"github.com/yuin/gopher-lua":       {"parser/lua", "proxy/lua"},
	"github.com/valyala/fasthttp":      {"proxy/tx", "proxy/h1", "proxy/engine", "cmd/lbbench"},
	"github.com/mdlayher/packet":       {"vrrp/wire"},
	"github.com/mdlayher/arp":          {"vrrp/announce"},
	"github.com/vishvananda/netlink":   {"vrrp/netif", "vrrp/lvs"},
	"github.com/miekg/dns":             {"proxy/resolve"},
	"github.com/mdlayher/genetlink":    {"vrrp/lvs"},
	"github.com/mdlayher/netlink":      {"vrrp/lvs"},
}

const module = "tandem/"

type goPackage struct {
	ImportPath string
	Imports    []string
}

func TestImportMap(t *testing.T) {
	t.Parallel()
	allowed, denied := readMap(t)
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name == "cmd" {
			continue
		}
		may, known := allowed[name]
		if !known {
			t.Errorf("%s stands nowhere in the import map", name)
			continue
		}
		for _, imp := range p.Imports {
			in, ours := strings.CutPrefix(imp, module)
			if ours && !may[in] {
				t.Errorf("%s imports %s, which the import map does not allow", name, in)
			}
			if denied[name][in] {
				t.Errorf("%s imports %s, which the import map denies", name, in)
			}
			for lib, rooms := range fences {
				if strings.HasPrefix(imp, lib) && !slices.ContainsFunc(rooms, func(r string) bool { return strings.HasPrefix(name, r) }) {
					t.Errorf("%s imports %s, which is fenced to %v", name, lib, rooms)
				}
			}
		}
	}
}

// TestHouseIsDrawn holds that the README's page of the house shows each room.
func TestHouseIsDrawn(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, house, _ := strings.Cut(string(text), "## Architecture")
	_, house, _ = strings.Cut(house, "```\n")
	house, _, _ = strings.Cut(house, "```")
	drawn, wing := map[string]bool{}, ""
	for line := range strings.Lines(house) {
		for i, word := range strings.Fields(line) {
			name, isRoom := strings.CutSuffix(word, "/")
			switch {
			case !isRoom:
			case i == 0 && line[0] != ' ':
				wing = name
				drawn[name] = true
			default:
				drawn[wing+"/"+name] = true
			}
		}
	}
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if !drawn[name] && !strings.HasPrefix(name, "cmd/") {
			t.Errorf("README.md does not show %s", name)
		}
	}
}

// readMap returns for each package what it may import and what it must not.
func readMap(t *testing.T) (allowed, denied map[string]map[string]bool) {
	t.Helper()
	edges := map[string][]string{} // b -> what b may import
	denied = map[string]map[string]bool{}
	for _, rule := range strings.Split(importMap, ";") {
		if strings.TrimSpace(rule) == "" {
			continue
		}
		if a, b, ok := strings.Cut(rule, "!<"); ok {
			for _, y := range names(b) {
				if denied[y] == nil {
					denied[y] = map[string]bool{}
				}
				for _, x := range names(a) {
					denied[y][x] = true
				}
			}
			continue
		}
		steps := strings.Split(rule, "<")
		for i := 1; i < len(steps); i++ {
			for _, y := range names(steps[i]) {
				edges[y] = append(edges[y], names(steps[i-1])...)
			}
		}
	}
	allowed = map[string]map[string]bool{}
	var walk func(set map[string]bool, x string)
	walk = func(set map[string]bool, x string) {
		for _, y := range edges[x] {
			if !set[y] {
				set[y] = true
				walk(set, y)
			}
		}
	}
	for x := range edges {
		allowed[x] = map[string]bool{}
		walk(allowed[x], x)
		if allowed[x][x] {
			t.Fatalf("the import map has a cycle at %s", x)
		}
	}
	return allowed, denied
}

func names(s string) []string {
	var out []string
	for _, n := range strings.Split(s, ",") {
		if n = strings.TrimSpace(n); n != "" && n != "NONE" {
			out = append(out, n)
		}
	}
	return out
}

func listPackages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	dec := json.NewDecoder(strings.NewReader(string(out)))
	for {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}
