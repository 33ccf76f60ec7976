package conformance_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"
)

// raw reads base64url without padding and with one spelling (RFC 7515 section 2).
var raw = base64.RawURLEncoding.Strict()

// A token is a signed JSON Web Token, taken apart but not believed.
type token struct {
	text   string
	header map[string]any
	claims map[string]any
}

func parseToken(text string) (*token, error) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		return nil, fmt.Errorf("%d parts", len(parts))
	}
	t := &token{text: text}
	for i, into := range []*map[string]any{&t.header, &t.claims} {
		part, err := raw.DecodeString(parts[i])
		if err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
		if err := json.Unmarshal(part, into); err != nil {
			return nil, fmt.Errorf("part %d: %w", i, err)
		}
	}
	return t, nil
}

// word is a claim that is a text; empty if it is not there or something else.
func (t *token) word(claim string) string { s, _ := t.claims[claim].(string); return s }

// when is a claim that is a time; ok if it is there and a number.
func (t *token) when(claim string) (at time.Time, ok bool) {
	seconds, ok := t.claims[claim].(float64)
	return time.Unix(int64(seconds), 0), ok
}

// audience is the claim aud, which may be one text or a list.
func (t *token) audience() []string {
	switch aud := t.claims["aud"].(type) {
	case string:
		return []string{aud}
	case []any:
		var all []string
		for _, one := range aud {
			if s, ok := one.(string); ok {
				all = append(all, s)
			}
		}
		return all
	}
	return nil
}

// verify checks the signature with the key of the set that the header names.
func (t *token) verify(keys keySet) error {
	kid, _ := t.header["kid"].(string)
	i := slices.IndexFunc(keys, func(k jwk) bool { return k["kid"] == kid })
	if kid == "" || i < 0 {
		return fmt.Errorf("no key is called %q", kid)
	}
	at := strings.LastIndexByte(t.text, '.')
	signature, err := raw.DecodeString(t.text[at+1:])
	if err != nil {
		return fmt.Errorf("the signature: %w", err)
	}
	digest := sha256.Sum256([]byte(t.text[:at]))
	public, err := keys[i].public()
	if err != nil {
		return err
	}
	switch public := public.(type) {
	case *rsa.PublicKey:
		if t.header["alg"] != "RS256" {
			return fmt.Errorf("alg %v with an RSA key", t.header["alg"])
		}
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], signature)
	case *ecdsa.PublicKey:
		if t.header["alg"] != "ES256" || len(signature) != 64 {
			return fmt.Errorf("alg %v, %d bytes, with a P-256 key", t.header["alg"], len(signature))
		}
		if !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])) {
			return errors.New("the signature is wrong")
		}
	}
	return nil
}

// A jwk is a key as a JSON Web Key Set has it (RFC 7517).
type jwk map[string]any

type keySet []jwk

func parseKeys(body []byte) (keySet, error) {
	var doc struct {
		Keys []jwk `json:"keys"`
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, err
	}
	if len(doc.Keys) == 0 {
		return nil, errors.New("no key")
	}
	return doc.Keys, nil
}

func (k jwk) number(member string) (*big.Int, error) {
	text, _ := k[member].(string)
	bits, err := raw.DecodeString(text)
	if err != nil || len(bits) == 0 {
		return nil, fmt.Errorf("%s is not base64url without padding", member)
	}
	return new(big.Int).SetBytes(bits), nil
}

// public reads the key, and checks it.
func (k jwk) public() (crypto.PublicKey, error) {
	switch k["kty"] {
	case "RSA":
		n, err := k.number("n")
		if err != nil {
			return nil, err
		}
		e, err := k.number("e")
		if err != nil {
			return nil, err
		}
		if n.BitLen() < 2048 || !e.IsInt64() || e.Int64() < 3 || e.Bit(0) == 0 {
			return nil, fmt.Errorf("an RSA key of %d bits and exponent %v", n.BitLen(), e)
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, nil
	case "EC":
		x, err := k.number("x")
		if err != nil {
			return nil, err
		}
		y, err := k.number("y")
		if err != nil {
			return nil, err
		}
		point := make([]byte, 65)
		point[0] = 4 // uncompressed
		if k["crv"] != "P-256" || x.BitLen() > 256 || y.BitLen() > 256 {
			return nil, fmt.Errorf("an EC key on %v", k["crv"])
		}
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
		return ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
	}
	return nil, fmt.Errorf("a key of kind %v", k["kty"])
}

// half is at_hash and c_hash: the left half of the hash (Core section 3.1.3.6).
func half(of string) string {
	sum := sha256.Sum256([]byte(of))
	return raw.EncodeToString(sum[:16])
}

// unsigned is a token whose header says that nobody signed it.
func unsigned(claims map[string]any) string {
	payload, _ := json.Marshal(claims) // texts and numbers
	return raw.EncodeToString([]byte(`{"alg":"none"}`)) + "." + raw.EncodeToString(payload) + "."
}

// signed is a token that a client signs with its own secret.
func signed(secret string, claims map[string]any) string {
	payload, _ := json.Marshal(claims) // texts and numbers
	text := raw.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + raw.EncodeToString(payload)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return text + "." + raw.EncodeToString(mac.Sum(nil))
}
