// Logins by JustAuth and by DingTalk's own SDK for the old API, as their manuals tell.
// For each way a line of JSON says where the browser is to go; the address where it came
// back is read, and a line says who it was.
import com.alibaba.fastjson.JSONObject;
import com.dingtalk.api.DefaultDingTalkClient;
import com.dingtalk.api.request.OapiGettokenRequest;
import com.dingtalk.api.request.OapiSnsGetuserinfoBycodeRequest;
import com.dingtalk.api.request.OapiUserGetbyunionidRequest;
import com.dingtalk.api.request.OapiV2UserGetRequest;
import com.dingtalk.api.request.OapiV2UserGetuserinfoRequest;
import com.taobao.api.TaobaoResponse;
import com.xkcoding.http.config.HttpConfig;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import me.zhyd.oauth.config.AuthConfig;
import me.zhyd.oauth.model.AuthCallback;
import me.zhyd.oauth.model.AuthResponse;
import me.zhyd.oauth.model.AuthUser;
import me.zhyd.oauth.request.AuthDingTalkAccountRequest;
import me.zhyd.oauth.request.AuthDingTalkRequest;
import me.zhyd.oauth.request.AuthDingTalkV2Request;
import me.zhyd.oauth.request.AuthRequest;

public class Clients {
  static final PrintStream out = new PrintStream(System.out, true, StandardCharsets.UTF_8);
  static final BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
  static final String oapi = "https://oapi.dingtalk.com";

  public static void main(String[] args) {
    try {
      run(JSONObject.parseObject(args[0]));
    } catch (Throwable wrong) {
      wrong.printStackTrace();
      System.exit(1);
    }
    System.exit(0); // whatever threads the clients left
  }

  static void run(JSONObject app) throws Exception {
    AuthConfig scan = config(app, "scanId", "scanSecret");
    AuthConfig inner = config(app, "id", "secret");
    justAuth("JustAuth, sns", new AuthDingTalkRequest(scan));
    justAuth("JustAuth, sns with the internal app", new AuthDingTalkRequest(inner));
    justAuth("JustAuth, password", new AuthDingTalkAccountRequest(scan));
    justAuth("JustAuth, oauth2", new AuthDingTalkV2Request(inner));
    sns(app);
    inClient(app);
  }

  static AuthConfig config(JSONObject app, String id, String secret) {
    return AuthConfig.builder().clientId(app.getString(id)).clientSecret(app.getString(secret))
        .redirectUri(app.getString("redirect")).httpConfig(HttpConfig.builder().timeout(60_000).build()).build();
  }

  static void justAuth(String way, AuthRequest request) throws Exception {
    Map<String, String> back = send(way, request.authorize("the-state"));
    AuthCallback callback = AuthCallback.builder().code(back.get("code")).state(back.get("state")).build();
    AuthResponse<AuthUser> answer = request.login(callback);
    if (!answer.ok()) throw new Exception(way + ": " + answer.getCode() + " " + answer.getMsg());
    tell(way, answer.getData().getUuid(), answer.getData().getNickname(), null, null);
  }

  static void sns(JSONObject app) throws Exception {
    String way = "SDK, sns";
    Map<String, String> back = send(way, oapi + "/connect/qrconnect?appid=" + app.getString("scanId")
        + "&response_type=code&scope=snsapi_login&state=the-state&redirect_uri="
        + URLEncoder.encode(app.getString("redirect"), StandardCharsets.UTF_8));
    OapiSnsGetuserinfoBycodeRequest request = new OapiSnsGetuserinfoBycodeRequest();
    request.setTmpAuthCode(back.get("code"));
    var answer = good(client("/sns/getuserinfo_bycode").execute(request, app.getString("scanId"), app.getString("scanSecret")));
    String unionId = answer.getUserInfo().getUnionid();
    String token = token(app);
    OapiUserGetbyunionidRequest who = new OapiUserGetbyunionidRequest();
    who.setUnionid(unionId);
    var member = good(client("/topapi/user/getbyunionid").execute(who, token)).getResult();
    if (member.getContactType() != 0) throw new Exception("contact_type is " + member.getContactType());
    details(way, app, token, answer.getUserInfo().getNick(), unionId, member.getUserid());
  }

  static void inClient(JSONObject app) throws Exception {
    String way = "SDK, in the client";
    Map<String, String> back = send(way, "");
    String token = token(app);
    OapiV2UserGetuserinfoRequest request = new OapiV2UserGetuserinfoRequest();
    request.setCode(back.get("code"));
    var who = good(client("/topapi/v2/user/getuserinfo").execute(request, token)).getResult();
    details(way, app, token, null, who.getUnionid(), who.getUserid());
  }

  static String token(JSONObject app) throws Exception {
    OapiGettokenRequest request = new OapiGettokenRequest();
    request.setAppkey(app.getString("id"));
    request.setAppsecret(app.getString("secret"));
    request.setHttpMethod("GET");
    return good(client("/gettoken").execute(request)).getAccessToken();
  }

  static void details(String way, JSONObject app, String token, String nick, String unionId, String userId) throws Exception {
    OapiV2UserGetRequest request = new OapiV2UserGetRequest();
    request.setUserid(userId);
    request.setLanguage("zh_CN");
    var member = good(client("/topapi/v2/user/get").execute(request, token)).getResult();
    if (!member.getUnionid().equals(unionId)) throw new Exception("two people: " + unionId + ", " + member.getUnionid());
    if (member.getDeptIdList().isEmpty()) throw new Exception("no department");
    tell(way, unionId, nick, member.getUserid(), member.getName());
  }

  static DefaultDingTalkClient client(String path) {
    return new DefaultDingTalkClient(oapi + path);
  }

  static <T extends TaobaoResponse> T good(T answer) throws Exception {
    if (!answer.isSuccess()) throw new Exception(answer.getBody());
    return answer;
  }

  // send has a browser go to an address, or ask DingTalk's client for a code.
  static Map<String, String> send(String way, String address) throws Exception {
    JSONObject line = new JSONObject();
    line.put("way", way);
    line.put("address", address);
    out.println(line.toJSONString());
    Map<String, String> back = new HashMap<>();
    for (String pair : new URI(in.readLine()).getRawQuery().split("&")) {
      String[] parts = pair.split("=", 2);
      back.put(parts[0], URLDecoder.decode(parts[1], StandardCharsets.UTF_8));
    }
    return back;
  }

  static void tell(String way, String unionId, String nick, String userId, String name) {
    JSONObject line = new JSONObject();
    line.put("way", way);
    line.put("unionId", unionId);
    line.put("nick", nick);
    line.put("userId", userId);
    line.put("name", name);
    out.println(line.toJSONString());
  }
}
