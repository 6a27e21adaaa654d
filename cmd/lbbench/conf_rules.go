package main

import "fmt"

// ruleCount is how many ACLs with a backend each the rule-heavy row has.
const ruleCount = 30

// rule is one routing condition of the rule-heavy row in both languages.
type rule struct {
	Backend string  // its name
	ACL     string  // what stands after the ACL's name in HAProxy
	Regex   string  // nginx map pattern over "host|uri|user agent"
	Hit     request // a request that this rule catches
}

// browserHeaders is what each request of the rule-heavy row carries.
var browserHeaders = []string{
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
	"Accept-Language: en-US,en;q=0.5",
	"Accept-Encoding: gzip, deflate, br",
	"Cookie: session=4f1c9a7e2b; theme=dark; consent=yes",
	"X-Secret: not for the backend",
}

// rules makes the conditions: five kinds in turn, of prefix, host, suffix,
// user agent and regular expression.
func rules() []rule {
	out := make([]rule, 0, ruleCount)
	for i := 1; i <= ruleCount; i++ {
		r := rule{Backend: fmt.Sprintf("b%02d", i), Hit: request{Path: "/plain", Header: browserHeaders}}
		switch i % 5 {
		case 1:
			r.ACL = fmt.Sprintf("path_beg /app%02d/", i)
			r.Regex = fmt.Sprintf(`~^[^|]*\|/app%02d/`, i)
			r.Hit.Path = fmt.Sprintf("/app%02d/index?x=1", i)
		case 2:
			r.ACL = fmt.Sprintf("hdr(host) -i host%02d.example", i)
			r.Regex = fmt.Sprintf(`~*^host%02d\.example\|`, i)
			r.Hit.Host = fmt.Sprintf("Host%02d.Example", i)
		case 3:
			r.ACL = fmt.Sprintf("path_end .ext%02d", i)
			r.Regex = fmt.Sprintf(`~^[^|]*\|[^|]*\.ext%02d\|`, i)
			r.Hit.Path = fmt.Sprintf("/static/file.ext%02d", i)
		case 4:
			r.ACL = fmt.Sprintf("hdr_sub(user-agent) bot%02d", i)
			r.Regex = fmt.Sprintf(`~\|[^|]*bot%02d[^|]*$`, i)
			r.Hit.Header = append([]string{fmt.Sprintf("User-Agent: Mozilla/5.0 (compatible; bot%02d/1.0)", i)}, browserHeaders[1:]...)
		default:
			r.ACL = fmt.Sprintf("path_reg ^/re%02d/[0-9]+/[a-z]+$", i)
			r.Regex = fmt.Sprintf(`~^[^|]*\|/re%02d/[0-9]+/[a-z]+\|`, i)
			r.Hit.Path = fmt.Sprintf("/re%02d/4711/tail", i)
		}
		out = append(out, r)
	}
	return out
}

// ruleRequests is the load of the rule-heavy row: early, middle and late hits
// of each kind, and one request that no rule catches.
func ruleRequests() []request {
	all := rules()
	var out []request
	for _, i := range []int{0, 6, 12, 18, 24, 26, 29} {
		out = append(out, all[i].Hit)
	}
	return append(out, request{Path: "/none", Header: browserHeaders})
}

// mapEntries is the size of the map row's table.
const mapEntries = 100_000

// mapKey and mapValue are entry i of that table.
func mapKey(i int) string   { return fmt.Sprintf("/m/%05d/page", i) }
func mapValue(i int) string { return fmt.Sprintf("v%05d", i) }

// mapRequests looks up entries all over the table, one in ten of them absent.
func mapRequests() []request {
	var out []request
	for i := range 500 {
		key := mapKey(i * 7919 % mapEntries)
		if i%10 == 9 {
			key = "/miss" + key
		}
		out = append(out, request{Path: key})
	}
	return out
}

// stickClients is how many tracked keys the stick-table row uses.
const stickClients = 1000

// stickRequests gives each client a request.
func stickRequests() []request {
	var out []request
	for i := range stickClients {
		out = append(out, request{Path: "/", Header: []string{fmt.Sprintf("X-Client: client-%04d", i)}})
	}
	return out
}
