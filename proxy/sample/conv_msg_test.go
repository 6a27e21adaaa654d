package sample

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tandem/proxy/tx"
)

func TestFIX(t *testing.T) {
	t.Parallel()
	body := "35=A\x0149=SND\x0156=TGT\x01"
	msg := fmt.Sprintf("8=FIX.4.2\x019=%d\x01%s", len(body), body)
	sum := byte(0)
	for _, c := range []byte(msg) {
		sum += c
	}
	msg += fmt.Sprintf("10=%03d\x01", sum)
	in := "bin(" + hex.EncodeToString([]byte(msg)) + ")"
	bad := "bin(" + hex.EncodeToString([]byte(msg[:len(msg)-2]+"x\x01")) + ")"
	runCases(t, newTx("", ""), []evalCase{
		{in + ",fix_is_valid", "1"}, {bad + ",fix_is_valid", "0"}, {"bin(383d4649582e342e3401),fix_is_valid", "<none>"},
		{"bin(383d4649582e342e3401393d3101),fix_is_valid", "<none>"}, {strings.TrimSuffix(in, "01)") + "),fix_is_valid", "<none>"}, {in + ",fix_tag_value(MsgType)", "A"}, {in + ",fix_tag_value(49)", "SND"},
		{in + ",fix_tag_value(TargetCompID)", "TGT"}, {in + ",fix_tag_value(99)", "<none>"},
	})
}

func TestMQTT(t *testing.T) {
	t.Parallel()
	connect := "101800044d51545404c2003c0003636c690004757365720003707764"
	connect = "10" + fmt.Sprintf("%02x", (len(connect)-4)/2) + connect[4:]
	v5 := "100000044d5154540502003c0511000000780000"
	v5 = "10" + fmt.Sprintf("%02x", (len(v5)-4)/2) + v5[4:]
	will := "107e00044d51545405ee003c182700000014170126000161000162260001630001642100140008746573745f7375622a03000a746578742f706c61696e08000c77696c6c727370746f7069632600016500016626000167000168000977696c6c746f706963000b77696c6c7061796c6f61640004746573740006706173737764"
	runCases(t, newTx("", ""), []evalCase{
		{"bin(" + will + "),mqtt_is_valid", "1"}, {"bin(" + will + "),mqtt_field_value(connect,3)", "text/plain"},
		{"bin(" + will + "),mqtt_field_value(connect,39)", "20"}, {"bin(" + will + "),mqtt_field_value(connect,will_payload)", "willpayload"},
		{"bin(10ffffffff140004),mqtt_is_valid", "0"}, {"bin(1013000444),mqtt_is_valid", "<none>"},
		{"bin(" + connect + "),mqtt_is_valid", "1"}, {"bin(" + connect + "),mqtt_field_value(connect,client_identifier)", "cli"},
		{"bin(" + connect + "),mqtt_field_value(CONNECT,username)", "user"}, {"bin(" + connect + "),mqtt_field_value(1,password)", "pwd"},
		{"bin(" + connect + "),mqtt_field_value(connect,keepalive)", "60"}, {"bin(" + connect + "),mqtt_field_value(connect,protocol_version)", "4"},
		{"bin(" + connect + "),mqtt_field_value(connack,flags)", "<none>"}, {"bin(" + connect + "00),mqtt_is_valid", "1"},
		{"bin(" + v5 + "),mqtt_field_value(connect,17)", "120"}, {"bin(20020000),mqtt_field_value(connack,reason_code)", "0"},
		{"bin(2002ff00),mqtt_is_valid", "0"}, {"bin(10ff),mqtt_is_valid", "<none>"}, {"bin(d000),mqtt_is_valid", "0"},
	})
}

func TestJWT(t *testing.T) {
	t.Parallel()
	enc := base64.RawURLEncoding.EncodeToString
	signed := enc([]byte(`{"alg":"HS256","typ":"JWT"}`)) + "." + enc([]byte(`{"sub":"joe","n":7}`))
	mac := hmac.New(sha256.New, []byte("key"))
	mac.Write([]byte(signed))
	token := signed + "." + enc(mac.Sum(nil))
	none := enc([]byte(`{"alg":"none"}`)) + "." + enc([]byte(`{"sub":"joe"}`)) + "."

	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&priv.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, priv, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	es := signed + "." + enc(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	trx := newTx("GET / HTTP/1.1\nT: "+token+"\nE: "+es+"\nN: "+none+"\n", "")
	runCases(t, trx, []evalCase{
		{"req.hdr(t),jwt_header_query($.alg)", "HS256"}, {"req.hdr(t),jwt_payload_query($.sub)", "joe"}, {"req.hdr(t),jwt_payload_query($.n,int)", "7"},
		{"req.hdr(t),jwt_payload_query", `{"sub":"joe","n":7}`},
		{"req.hdr(t),jwt_verify(HS256,key)", "1"}, {"req.hdr(t),jwt_verify(HS256,other)", "0"}, {"req.hdr(t),jwt_verify(HS512,key)", "0"},
		{"req.hdr(e),jwt_verify(ES256," + file + ")", "1"}, {"req.hdr(t),jwt_verify(ES256," + file + ")", "0"},
		{"req.hdr(n),jwt_verify(HS256,key)", "0"}, {"str(a.b),jwt_verify(HS256,key)", "-3"},
		{"req.hdr(t),jwt_verify(ES256,/nonexistent)", "ERR invalid args in converter 'jwt_verify' : failed to parse /nonexistent certificate"},
	})
}

func TestEncryptionRoundTrip(t *testing.T) {
	t.Parallel()
	const nonce, key = "MTIzNDU2Nzg5MDEyMzQ1Ng==", "Zm9vb2Zvb29mb29wZm9vbw=="
	runCases(t, newTx("", ""), []evalCase{
		{"str(hello),aes_cbc_enc(128," + nonce + "," + key + "),aes_cbc_dec(128," + nonce + "," + key + ")", "hello"},
		{"str(hello),aes_gcm_enc(128," + nonce + "," + key + ",txn.tag),aes_gcm_dec(128," + nonce + "," + key + ",txn.tag)", "hello"},
		{"str(hello),aes_gcm_enc(128," + nonce + "," + key + ",txn.tag),aes_gcm_dec(128," + nonce + "," + key + ",AAAAAAAAAAAAAAAAAAAAAA==)", "<none>"},
		{"str(hello),aes_cbc_dec(128," + nonce + "," + key + ")", "<none>"},
		{"str(hello),aes_cbc_enc(256," + nonce + "," + key + ")", "<none>"},
	})
}

func TestVariables(t *testing.T) {
	t.Parallel()
	trx := newTx(testRequest, "")
	runCases(t, trx, []evalCase{
		{"str(a),set-var(txn.x)", "a"}, {"var(txn.x)", "a"}, {"str(b),set-var(txn.x,ifnotset)", "b"}, {"var(txn.x)", "a"},
		{"int(5),set-var(sess.n)", "5"}, {"var(sess.n),add(sess.n)", "10"}, {"int(9),set-var(sess.n,ifgt)", "9"}, {"var(sess.n)", "5"},
		{"int(9),set-var(sess.n,iflt)", "9"}, {"var(sess.n)", "9"}, {"str(),set-var(req.e,ifnotempty)", ""}, {"var(req.e)", "<none>"},
		{"var(proc.p,def)", "def"}, {"str(x),set-var(proc.p)", "x"}, {"var(proc.p)", "x"}, {"str(q),unset-var(txn.x)", "q"}, {"var(txn.x)", "<none>"},
		{"int(3),set-var(sess.n,ifgt)", "3"}, {"var(sess.n)", "3"}, {"int(9),set-var(sess.n)", "9"}, {"str(q),set-var(proc.q,ifnotexists)", "q"}, {"var(proc.q)", "<none>"},
		{"str(q),set-var(proc.q,ifnotset)", "q"}, {"var(proc.q)", "q"}, {"str(r),set-var(proc.r,ifexists)", "r"}, {"var(proc.r)", "r"},
		{"str(r),set-var(txn.r,ifexists)", "r"}, {"var(txn.r)", "<none>"},
		{"str(abc),set-var(req.c),strcmp(req.c)", "0"}, {"str(abd),strcmp(req.c)", "1"}, {"str(ab),strcmp(req.c)", "-1"}, {"str(x),strcmp(req.no)", "<none>"},
		{"str(a),concat(-,req.c,+)", "a-abc+"}, {"str(a),add_item(-,req.c)", "a-abc"}, {"str(hello),bytes(sess.n)", "<none>"},
		{"dump_all_vars(req)", `req.c="abc"`}, {"date(0,ms)", "1795249800123"}, {"accept_date(us)", "1795249799123456"},
	})
	if v, ok := trx.TxnVars.Get("x"); ok {
		t.Errorf("txn.x still is %+v", v)
	}
	val, ok := trx.GetVar(tx.VarName{Scope: tx.VarReq, Name: "c"})
	if !ok || string(val.B) != "abc" {
		t.Errorf("req.c = %+v", val)
	}
}
