package stats

import (
	"errors"
	"net/url"
	"slices"
)

// AdminForm is what the page's form posts.
type AdminForm struct {
	Servers []string // names of the checked servers
	Action  string   // one of [AdminActions]
	Backend string   // name of the backend, or "#" and its id
}

// maxFormValue is the longest value accepted; no name is that long.
const maxFormValue = 256

// errForm stands for every form that is answered with ";st=ERRP".
var errForm = errors.New("invalid parameters")

// ParseAdminForm reads a posted form (application/x-www-form-urlencoded). An
// error means that the answer is a redirect with ";st=ERRP". A form without
// servers is valid: it changes nothing (";st=NONE").
func ParseAdminForm(body string) (AdminForm, error) {
	values, err := url.ParseQuery(body)
	if err != nil {
		return AdminForm{}, errForm
	}
	f := AdminForm{Servers: values["s"], Action: values.Get("action"), Backend: values.Get("b")}
	for _, v := range append([]string{f.Backend}, f.Servers...) {
		if v == "" || len(v) > maxFormValue {
			return AdminForm{}, errForm
		}
	}
	if f.Action == "" || !slices.Contains(AdminActions(), f.Action) {
		return AdminForm{}, errForm
	}
	return f, nil
}
