package dingtalk

import "net/http"

// Through makes a client speak through another transport than the network, where virtual
// time is wanted.
func (c *Client) Through(t http.RoundTripper) { c.transport = t }
