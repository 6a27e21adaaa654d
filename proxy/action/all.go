package action

import "tandem/parser/keyword"

// Actions is the table of all rule actions (configuration manual 4.3, 4.4).
// One name may mean different things in different rule sets: its Def looks at
// Env.Scope.
var Actions = keyword.NewTable("action",
	headers, headerBlocks, uris, verdicts, redirects, vars, conns, settings,
	waits, captures, tracks, mapActions, services, normalizers)
