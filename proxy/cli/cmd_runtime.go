package cli

import (
	"bufio"
	"cmp"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"tandem/parser/keyword"
)

// runtimeCommands look into the process itself. What stands in for a part of
// the original that this program lacks: goroutines for its tasks, size classes
// of the allocator for its pools.
var runtimeCommands = []*keyword.Def[Command]{
	command("show libs", "", Operator, "show the libraries that are loaded.", showLibs),
	command("show pools", " [by*] [match <pfx>] [nb]", User, "show memory by size.", showPools),
	command("show ssl providers", "", User, "show the crypto providers.", func(c *Call) { c.printf("Loaded providers : \n\t- default\n") }),
	command("show tasks", "", User, "show what is being run.", showTasks),
}

// showLibs lists the files whose code is mapped, with their range of addresses.
func showLibs(c *Call) {
	f, err := os.Open("/proc/self/maps")
	if err != nil {
		c.fail("%s", err)
		return
	}
	defer f.Close()
	type mapping struct{ from, to uint64 }
	var order []string
	files, code := map[string]*mapping{}, map[string]bool{}
	for in := bufio.NewScanner(f); in.Scan(); {
		w := strings.Fields(in.Text())
		if len(w) < 6 || !strings.HasPrefix(w[5], "/") {
			continue
		}
		low, high, _ := strings.Cut(w[0], "-")
		from, _ := strconv.ParseUint(low, 16, 64)
		to, _ := strconv.ParseUint(high, 16, 64)
		m := files[w[5]]
		if m == nil {
			m = &mapping{from: from}
			files[w[5]], order = m, append(order, w[5])
		}
		m.to = to
		code[w[5]] = code[w[5]] || strings.Contains(w[1], "x")
	}
	for _, name := range order {
		if m := files[name]; code[name] {
			c.printf("0x%012x-0x%012x (0x%07x) %s\n", m.from, m.to-1, m.to-m.from, name)
		}
	}
}

// pool is one size class of the allocator.
type pool struct {
	size, made, used uint64
}

func (p pool) name() string { return fmt.Sprintf("size-%d", p.size) }

// showPools lists what each size class has handed out and what is in use. The
// words are the original's: an order, a beginning of names, a number of lines.
func showPools(c *Call) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var list []pool
	for _, s := range m.BySize {
		if s.Size > 0 {
			list = append(list, pool{uint64(s.Size), s.Mallocs, s.Mallocs - s.Frees})
		}
	}
	most := 0
	for i := 0; i < len(c.Args); i++ {
		switch w := c.Args[i]; w {
		case "byname":
			slices.SortStableFunc(list, func(a, b pool) int { return cmp.Compare(a.name(), b.name()) })
		case "bysize":
			slices.SortStableFunc(list, func(a, b pool) int { return cmp.Compare(b.size, a.size) })
		case "byusage":
			slices.SortStableFunc(list, func(a, b pool) int { return cmp.Compare(b.used*b.size, a.used*a.size) })
			list = slices.DeleteFunc(list, func(p pool) bool { return p.used == 0 })
		case "match", "pfx":
			i++
			prefix := c.arg(i)
			list = slices.DeleteFunc(list, func(p pool) bool { return !strings.HasPrefix(p.name(), prefix) })
		default:
			if n, err := strconv.Atoi(w); err == nil && n > 0 {
				most = n
			}
		}
	}
	limited := ""
	if most > 0 {
		limited = fmt.Sprintf(" (limited to the first %d entries)", most)
	}
	c.printf("Dumping pools usage%s. Use SIGQUIT to flush them.\n", limited)
	var used uint64
	for i, p := range list {
		used += p.used * p.size
		if most > 0 && i >= most {
			continue
		}
		c.printf("  - Pool %s (%d bytes/8) : %d allocated (%d bytes), %d used (~0 by thread caches), needed_avg %d, 0 failures, 1 users\n",
			p.name(), p.size, p.used, p.used*p.size, p.used, p.used)
	}
	c.printf("Total: %d pools, %d bytes allocated, %d used (~0 by thread caches).\n", len(list), used, used)
}

// showTasks counts goroutines by the function that they began with.
func showTasks(c *Call) {
	records := make([]runtime.StackRecord, runtime.NumGoroutine()+64)
	n, ok := runtime.GoroutineProfile(records)
	if !ok {
		n = 0
	}
	count := map[string]int{}
	for _, r := range records[:n] {
		stack := r.Stack()
		if len(stack) == 0 {
			continue
		}
		name := "?"
		// The last frame is the runtime's own beginning of every goroutine.
		for i := len(stack) - 1; i >= 0; i-- {
			if f := runtime.FuncForPC(stack[i]); f != nil && f.Name() != "runtime.goexit" {
				name = f.Name()
				break
			}
		}
		count[name]++
	}
	c.printf("Running tasks: %d (%d threads)\n", n, runtime.GOMAXPROCS(0))
	c.printf("  function                     places     %%    lat_tot   lat_avg  calls_tot  calls_avg calls%%\n")
	names := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(a, b))
	})
	for _, name := range names {
		k := count[name]
		c.printf("  %-30s %4d  %5.1f      -         -             -          -      -\n", name, k, 100*float64(k)/float64(n))
	}
}
