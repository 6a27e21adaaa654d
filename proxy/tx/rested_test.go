package tx

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// Whatever field of a session is set, it is there again after a rest.
func TestRested(t *testing.T) {
	t.Parallel()
	src := netip.MustParseAddrPort("10.0.0.1:1")
	for i := range reflect.TypeFor[Session]().NumField() {
		s := Session{Src: src, RealSrc: src, Accepted: time.Now()}
		s.HandshakeDone = s.Accepted
		f := reflect.ValueOf(&s).Elem().Field(i)
		name := reflect.TypeFor[Session]().Field(i).Name
		switch x := f.Addr().Interface().(type) {
		case *Vars:
			x.Set("a", Value{})
		case *Verdict:
			x.Err = 1
		case *netip.AddrPort:
			*x = netip.MustParseAddrPort("10.0.0.2:2")
		case *time.Time:
			*x = x.Add(time.Second)
		case *[12]Track:
			x[11].ByRequest = true
		case *StatusCodes:
			x.Fail = new([600]bool)
		case *ConnError:
			x.Code = 1
		default:
			switch f.Kind() {
			case reflect.Pointer:
				f.Set(reflect.New(f.Type().Elem()))
			case reflect.Int:
				f.SetInt(3)
			case reflect.Uint64:
				f.SetUint(3)
			case reflect.Bool:
				f.SetBool(true)
			case reflect.String:
				f.SetString("x")
			default:
				t.Fatalf("%s: how is it set?", name)
			}
		}
		r := s.Rest()
		if got := r.Session(); !reflect.DeepEqual(got, s) {
			t.Errorf("%s got lost: %+v, not %+v", name, got, s)
		}
	}
}
