// Package chromium starts the browser in which tests look at pages. It is for tests
// alone: nothing that runs in production imports it, and it knows none of our pages.
package chromium
