package pattern

import (
	"tandem/parser/keyword"
	"tandem/proxy/sample"
)

// inGroup asks the userlist of http_auth_group for the user's groups.
func (x *Test) inGroup(v *sample.Value) bool {
	list := keyword.Target[sample.Userlist](x.expr.Ref())
	if list == nil {
		return false
	}
	for _, s := range x.sets {
		for _, e := range s.list.Entries(0) {
			if list.InGroup(v.B, e.Key) {
				return true
			}
		}
	}
	return false
}

// checkGroups refuses http_auth_group where no group is named, or one that
// its userlist does not have.
func (c *testCompiler) checkGroups() {
	ref := c.test.expr.Ref()
	if ref == nil {
		return
	}
	who := "proxy " + c.env.Owner + ": acl " + c.acl + " http_auth_group(): "
	sets := c.test.sets
	if c.test.method != Group {
		sets = nil
	}
	ref.Check = func(any) string {
		list := keyword.Target[sample.Userlist](ref)
		any := false
		for _, s := range sets {
			for _, e := range s.list.Entries(0) {
				if any = true; list != nil && !list.HasGroup(e.Key) {
					return who + "invalid group '" + e.Key + "'."
				}
			}
		}
		if !any {
			return who + "no groups specified."
		}
		return ""
	}
}
