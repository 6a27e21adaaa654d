package sample

import (
	"tandem/parser/keyword"
	"tandem/proxy/tx"
)

var path = keyword.Define(keyword.Spec{
	Name: "path",
	Doc:  "Path of the request target, without query string.",
}, func(*keyword.Env, *keyword.None) (Fetch, error) {
	return Fetch{Out: tx.TypeStr, Need: RequestHTTP, Eval: func(t *tx.Tx, v *Value) bool {
		p := t.Req.Path()
		v.SetStr(p)
		return t.HasReq && p != nil
	}}, nil
})
