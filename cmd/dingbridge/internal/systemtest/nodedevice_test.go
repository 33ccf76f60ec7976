package systemtest

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/dingbridge/dingbridge/provider/clients"
)

// A nodeDevice is testdata/node/device.mjs, which shows a code and waits.
type nodeDevice struct {
	t     *testing.T
	cmd   *exec.Cmd
	said  strings.Builder // to standard error
	lines *bufio.Scanner
	begun struct {
		UserCode string `json:"user_code"`
		Address  string `json:"verification_uri"`
		Complete string `json:"verification_uri_complete"`
	}
}

func startDevice(t *testing.T, folder string, party map[string]string) *nodeDevice {
	t.Helper()
	argument, err := json.Marshal(party)
	if err != nil {
		t.Fatal(err)
	}
	d := &nodeDevice{t: t, cmd: exec.CommandContext(t.Context(), "node", "device.mjs", string(argument))}
	d.cmd.Dir, d.cmd.Stderr = folder, &d.said
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.cmd.Wait() }) // what came of it is asked by came
	d.lines = bufio.NewScanner(out)
	d.next(&d.begun)
	return d
}

// next waits for the device's next line.
func (d *nodeDevice) next(into any) {
	d.t.Helper()
	if !d.lines.Scan() {
		_ = d.cmd.Wait()
		d.t.Fatalf("the device ended: %s", d.said.String())
	}
	if err := json.Unmarshal(d.lines.Bytes(), into); err != nil {
		d.t.Fatalf("the device says %q", d.lines.Text())
	}
}

// came waits for what became of the login, and for the end of the device.
func (d *nodeDevice) came() (failure string, claims map[string]any) {
	d.t.Helper()
	var got struct {
		Error  string
		Claims map[string]any
	}
	d.next(&got)
	if err := d.cmd.Wait(); err != nil {
		d.t.Errorf("the device ended with %v: %s", err, d.said.String())
	}
	return got.Error, got.Claims
}

// TestE9_NodeDevice is a device made of npm's openid-client, and the person's real
// browser: once with the code in the address, once with the code typed, approved and
// denied.
//
// proves: devices made of openid-client | RFC 8628 section 3
func TestE9_NodeDevice(t *testing.T) {
	othersAtWork(t)
	folder := nodeFolder(t)
	w := newWorld(t, setting{as: "zhangsan"})
	secret, hash := clients.GenerateSecret()
	w.addClients(t, fmt.Sprintf("  - {id: screen, name: Meeting room, secret_hash: %q, device_authorization: true, id_token_signed_response_alg: ES256, allow: everyone}\n", hash))
	w.addClients(t, "  - {id: tool, name: Command line, public: true, device_authorization: true, allow: everyone}\n")
	w.serve()
	// All at once, because each polls every few seconds.
	screen := startDevice(t, folder, map[string]string{"issuer": w.issuer, "id": "screen", "secret": secret, "alg": "ES256"})
	tool := startDevice(t, folder, map[string]string{"issuer": w.issuer, "id": "tool", "alg": "RS256"})
	denied := startDevice(t, folder, map[string]string{"issuer": w.issuer, "id": "tool", "alg": "RS256"})
	c := newChromium(t)
	c.pictures = "" // pictures are of the demo

	c.screen = "code in the address"
	c.open(screen.begun.Complete)
	c.look("enter", `main[data-page="device-code"]`) // typed already, and sent by the person alone
	c.click(`main form button[type="submit"]`)
	c.confirm("Meeting room", screen, "approve", "device-approved")
	for _, row := range []struct {
		device       *nodeDevice
		choice, then string
	}{{tool, "approve", "device-approved"}, {denied, "deny", "device-denied"}} {
		c.screen = "code typed, to " + row.choice
		c.open(row.device.begun.Address)
		c.look("enter", `main[data-page="device-code"]`)
		typed := strings.ToLower(strings.ReplaceAll(row.device.begun.UserCode, "-", " "))
		c.must(chromedp.Do(c.ctx, chromedp.SendKeys(chromedp.CSS("#user-code"), typed)))
		c.click(`main form button[type="submit"]`)
		c.confirm("Command line", row.device, row.choice, row.then)
	}
	for _, d := range []*nodeDevice{screen, tool} {
		if failure, claims := d.came(); failure != "" || claims["name"] != "张三" {
			t.Errorf("the device got %q, %v", failure, claims)
		}
	}
	if failure, claims := denied.came(); failure != "access_denied" || claims != nil {
		t.Errorf("the device that was denied got %q, %v", failure, claims)
	}
}

// confirm decides on a device's page, which must name the app and show the code.
func (c *chromium) confirm(client string, d *nodeDevice, choice, then string) {
	c.t.Helper()
	c.look("confirm", `main[data-page="device-confirm"]`)
	if says := c.says("main"); !strings.Contains(says, client) || !strings.Contains(says, d.begun.UserCode) {
		c.t.Errorf("%s: the page does not name %q and %q: %s", c.screen, client, d.begun.UserCode, says)
	}
	c.click(`button[name="choice"][value="` + choice + `"]`)
	c.look("decided", `main[data-page="`+then+`"]`)
}
