# A small app around GitLab's own OmniAuth strategy, with the part of gitlab.rb that
# deploy/examples publishes: the same paths and arguments as in GitLab, and none of
# the rest. Arguments: the part's file, an address, a port, and where people go who
# have signed out.
require 'cgi'
require 'json'
require 'omniauth_openid_connect'
require 'rack'
require 'rack/protection'
require 'rack/session/cookie'
require 'securerandom'
require 'webrick'

part, host, port, AFTER_SIGN_OUT = ARGV

# What GitLab's settings do with such a file.
SETTINGS = {}
def gitlab_rails = SETTINGS
def external_url(_address) = nil
eval(File.read(part), binding, part)
PROVIDER = SETTINGS.fetch('omniauth_providers').fetch(0)

# What GitLab's template (files/gitlab-config-template/gitlab.rb.template) has of this,
# and what the strategy has: neither says a word about others. GitLab's fork does not
# know pkce, the strategy that it was forked from does.
known = %w[external_url omniauth_enabled omniauth_allow_single_sign_on omniauth_block_auto_created_users omniauth_auto_link_user
           omniauth_external_providers omniauth_allow_bypass_two_factor omniauth_sync_profile_from_provider
           omniauth_sync_profile_attributes omniauth_providers]
options = OmniAuth::Strategies::OpenIDConnect.default_options
unknown = SETTINGS.keys - known + (PROVIDER.keys - %i[name label args]) +
          (PROVIDER[:args].keys.map(&:to_s) - options.keys - %w[pkce]) +
          (PROVIDER[:args][:client_options].keys.map(&:to_s) - options['client_options'].keys)
abort "GitLab does not know #{unknown}" unless unknown.empty?

# GitLab wants https; without a word of ours the library would use nothing else.
SWD.url_builder = URI::HTTP
OmniAuth.config.logger = Logger.new($stderr)
OmniAuth.config.path_prefix = '/users/auth'
OmniAuth.config.on_failure = lambda do |env|
  [400, { 'content-type' => 'text/plain' }, ["failed: #{env['omniauth.error.type']}: #{env['omniauth.error']&.message}\n"]]
end

class App
  def call(env)
    request = Rack::Request.new(env)
    session = request.session
    case [request.request_method, request.path]
    in ['GET', '/favicon.ico'] then [204, {}, []]
    in ['GET', '/'] | ['GET', '/users/sign_in'] then page(session)
    in ['GET', '/users/auth/openid_connect/callback']
      auth = env.fetch('omniauth.auth')
      session.clear # a new one for who has signed in, as GitLab does
      session['user'] = { uid: auth.uid, name: auth.info.name, nickname: auth.info.nickname, email: auth.info.email,
                          groups: auth.extra.raw_info['groups'] }
      to('/')
    in ['POST', '/users/sign_out']
      session.clear
      to(AFTER_SIGN_OUT)
    else [404, { 'content-type' => 'text/plain' }, ["no such page\n"]]
    end
  end

  private

  def to(address) = [302, { 'location' => address }, []]

  def page(session)
    user = session['user']
    body =
      if user
        %(<pre id="user" style="white-space: pre-wrap; overflow-wrap: anywhere">#{CGI.escape_html(JSON.generate(user))}</pre>) + form('/users/sign_out', 'out', '') +
          %(<a id="federated" href="/users/auth/openid_connect/logout">OmniAuth's own logout</a>)
      else
        token = Rack::Protection::AuthenticityToken.token(session)
        form("/users/auth/#{PROVIDER[:name]}", 'in', %(<input type="hidden" name="authenticity_token" value="#{CGI.escape_html(token)}">))
      end
    [200, { 'content-type' => 'text/html; charset=utf-8' },
     [%(<!doctype html><html lang="en"><title>App</title><meta name="viewport" content="width=device-width">#{body}</html>)]]
  end

  def form(action, id, fields) = %(<form method="post" action="#{action}">#{fields}<button id="#{id}">#{id}</button></form>)
end

app = Rack::Builder.new do
  use Rack::Session::Cookie, key: 'app_session', secret: SecureRandom.hex(64), same_site: :lax
  use OmniAuth::Builder do
    provider PROVIDER[:name].to_sym, PROVIDER[:args]
  end
  run App.new
end

# A line on standard error for each request would hide what matters.
Rack::Handler::WEBrick.run(app.to_app, Host: host, Port: Integer(port), AccessLog: []) do |server|
  trap('TERM') { server.shutdown }
end
