# /etc/gitlab/gitlab.rb, then `gitlab-ctl reconfigure`. GitLab 15.9 or later.

# The redirect URI is made of it, and so are the cookies: https.
external_url 'https://gitlab.example.com'

gitlab_rails['omniauth_enabled'] = true

# The first login makes the account; true would make it wait for an administrator.
gitlab_rails['omniauth_allow_single_sign_on'] = ['openid_connect']
gitlab_rails['omniauth_block_auto_created_users'] = false

# Never list openid_connect here unless every e-mail claim is the organisation's
# own mailbox: it links to whichever account has the same address.
gitlab_rails['omniauth_auto_link_user'] = []

# With openid_connect here whoever comes from DingTalk would be an external user, who
# sees only the projects they are invited to.
gitlab_rails['omniauth_external_providers'] = []

# DingTalk does not say how somebody proved who they are. Who has GitLab's own second
# factor is asked for it.
gitlab_rails['omniauth_allow_bypass_two_factor'] = false

# Once a login works, and an administrator came in so: past GitLab's own login page, which
# is then at /users/sign_in?auto_sign_in=false.
# gitlab_rails['omniauth_auto_sign_in_with_provider'] = 'openid_connect'

# Name and address are the directory's, at every login, and not theirs to change.
gitlab_rails['omniauth_sync_profile_from_provider'] = ['openid_connect']
gitlab_rails['omniauth_sync_profile_attributes'] = ['name', 'email']

gitlab_rails['omniauth_providers'] = [
  {
    name: 'openid_connect',
    label: 'DingTalk',
    args: {
      name: 'openid_connect',
      scope: ['openid', 'profile', 'email'],
      response_type: 'code',
      issuer: 'https://sso.example.com',
      discovery: true,
      client_auth_method: 'basic',
      # People are known by `sub`, which never changes hands. The example in
      # GitLab's manual, preferred_username, is a name.
      uid_field: 'sub',
      pkce: true,
      send_scope_to_token_endpoint: 'false',
      client_options: {
        identifier: 'gitlab',
        secret: File.read('/etc/gitlab/oidc-secret').strip,
        redirect_uri: 'https://gitlab.example.com/users/auth/openid_connect/callback'
      }
    }
  }
]
