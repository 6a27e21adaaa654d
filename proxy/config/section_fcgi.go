package config

import (
	"regexp/syntax"
	"strings"

	"tandem/parser/expr"
	"tandem/parser/keyword"
)

// The fcgi-app section (configuration manual 10.1.1).

var fcgiWords = keyword.NewTable("fcgi-app keyword", []*keyword.Def[Setting[Block]]{
	appLine("docroot", 0, "Root of the scripts.", upToNamed(1, least(1, "'docroot' expects <path> as argument.")), appText(func(f *FCGIApp) *string { return &f.Docroot })),
	appLine("path-info", 0, "How paths are split.", upToNamed(1, least(1, "'path-info' expects <regex> as argument.", fcgiPath)), readPathInfo),
	appLine("index", 0, "Script of directories.", upToNamed(1, least(1, "'index' expects <filename> as argument.")), appText(func(f *FCGIApp) *string { return &f.Index })),
	line(keyword.FCGIApp, "acl", 0, "Declare a test.", aclOfBlock),
	appLine("set-param", 0, "Set a parameter.", least(2, "'set-param' expects <name> and <value> as arguments."), readSetParam),
	appLine("pass-header", 0, "A header that is passed.", least(1, "'pass-header' expects <name> as arguments."), readPassHeader),
	appLine("option", keyword.No, "How the application is spoken to.", fcgiOption, readAppOption),
	appLine("log-stderr", 0, "Where its messages go.", nil, readLogStderr),
})

// fcgiPath refuses an expression that cannot be compiled.
func fcgiPath(e *keyword.Env, w []expr.Word) error {
	_, err := syntax.Parse(w[0].Text, syntax.Perl)
	if se, ok := err.(*syntax.Error); ok && (se.Code == syntax.ErrMissingParen || se.Code == syntax.ErrMissingBracket) {
		what := "missing closing parenthesis"
		if se.Code == syntax.ErrMissingBracket {
			what = "missing terminating ] for character class"
		}
		return e.Errorf(w[0].Index, "'%s' : regex '%s' is invalid (error=%s, erroffset=%d).", w[0].Text, w[0].Text, what, len(w[0].Text))
	}
	return nil
}

func fcgiOption(e *keyword.Env, w []expr.Word) error {
	k := first(w)
	extra := func(n int) error {
		if len(w) > n {
			return e.Errorf(w[n].Index, "'option %s' cannot handle unexpected argument '%s'.", k, w[n].Text)
		}
		return nil
	}
	switch k {
	case "":
		return tightf(-1, "'option' expects an option name.")
	case "keep-conn", "get-values", "mpxs-conns":
		return extra(1)
	case "max-reqs":
		if e.Prefix != "" {
			return tightf(w[0].Index, "negation/default is not supported for option 'max-reqs'.")
		}
		if err := extra(2); err != nil {
			return err
		}
		switch {
		case len(w) < 2:
			return tightf(-1, "option 'max-reqs' expects an integer argument.")
		case laxInt(w[1].Text) <= 0:
			return tightf(w[1].Index, "option 'max-reqs' expects a strictly positive integer argument.")
		}
		return nil
	}
	return e.Errorf(w[0].Index, "unknown option '%s'.", strings.TrimSpace(k))
}
