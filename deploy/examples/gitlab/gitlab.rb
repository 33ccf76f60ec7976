# /etc/gitlab/gitlab.rb, then `gitlab-ctl reconfigure`. GitLab 15 or later.

# The first login makes the account; true would make it wait for an administrator.
gitlab_rails['omniauth_allow_single_sign_on'] = ['openid_connect']
gitlab_rails['omniauth_block_auto_created_users'] = false

# Never list openid_connect here unless every e-mail claim is the organisation's
# own mailbox: it links to whichever account has the same address.
gitlab_rails['omniauth_auto_link_user'] = []

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
