"""The kinds of ways in, as data: what each is called, what must be known of it, and where it is explained. No Django."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from wanghuo.base import Text


class Field(NamedTuple):
    """Something to be filled in. `secret`: kept sealed, never shown again; `kind`: text, number, or map (A = B, a line each)."""

    name: str
    label: Text
    help: Text = Text("", "")
    secret: bool = False
    kind: str = "text"
    needed: bool = False


class Kind(NamedTuple):
    """One kind of way in. `protocol`: of its messages and devices; `pushed`: others call an address of ours."""

    code: str
    name: Text
    protocol: str
    pushed: bool
    fields: tuple[Field, ...]


PRODUCTS = Field(
    "products",
    Text("产品与配置", "Products and profiles"),
    Text("每行一个：产品标识 = 设备配置代码", "one a line: product = code of a profile"),
    kind="map",
)
TOKEN = Field(
    "token",
    Text("Token", "Token"),
    Text("与运营商平台上填写的一致", "as given to the operator"),
    secret=True,
    needed=True,
)
SIGNING = Field(
    "signing",
    Text("签名方式", "Signature"),
    Text(
        "留空：只凭地址中的密钥；hmac：X-Signature 为正文的 HMAC-SHA256；sorted_sha1：Signature、Timestamp、Nonce 三个请求头",
        "empty: the secret in the address alone; hmac: X-Signature is the body's HMAC-SHA256; sorted_sha1: headers Signature, "
        "Timestamp and Nonce",
    ),
)
SIGNING_SECRET = Field("token", Text("签名密钥", "Signing secret"), secret=True)
HOST = Field("host", Text("主机", "Host"), needed=True)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        kind.code: kind
        for kind in (
            Kind(
                "http", Text("HTTP JSON 网关", "HTTP JSON gateway"), "http", True, (SIGNING, SIGNING_SECRET, PRODUCTS)
            ),
            Kind(
                "ctwing",
                Text("天翼物联 CTWing", "China Telecom CTWing"),
                "ctwing",
                True,
                (SIGNING, SIGNING_SECRET, PRODUCTS),
            ),
            Kind(
                "onenet",
                Text("OneNET 旧版推送", "OneNET, classic push"),
                "onenet",
                True,
                (
                    TOKEN,
                    Field(
                        "aes_key",
                        Text("EncodingAESKey", "EncodingAESKey"),
                        Text("加密模式才需要", "for the encrypted mode"),
                        secret=True,
                    ),
                    PRODUCTS,
                ),
            ),
            Kind("studio", Text("OneNET Studio 推送", "OneNET Studio push"), "studio", True, (TOKEN, PRODUCTS)),
            Kind(
                "iotda", Text("华为云 IoTDA", "Huawei Cloud IoTDA"), "iotda", True, (SIGNING, SIGNING_SECRET, PRODUCTS)
            ),
            Kind(
                "mqtt",
                Text("MQTT 代理", "MQTT broker"),
                "mqtt",
                False,
                (
                    HOST,
                    Field("port", Text("端口", "Port"), kind="number"),
                    Field("username", Text("用户名", "User name")),
                    Field("password", Text("密码", "Password"), secret=True),
                    Field(
                        "topics",
                        Text("订阅主题", "Topics"),
                        Text(
                            "逗号分隔；留空为 fire/v1 与 v1/devices 两种约定",
                            "comma-separated; empty: fire/v1 and v1/devices",
                        ),
                    ),
                    Field(
                        "tls", Text("TLS", "TLS"), Text("填 1 启用，按系统根证书校验", "1: on, by the system's roots")
                    ),
                ),
            ),
            Kind(
                "modbus",
                Text("Modbus TCP 网关", "Modbus TCP gateway"),
                "modbus",
                False,
                (
                    HOST,
                    Field("port", Text("端口", "Port"), kind="number"),
                    Field(
                        "source",
                        Text("设备标识", "Device"),
                        Text("登记设备时的地址", "its address in the register"),
                        needed=True,
                    ),
                    Field(
                        "profile",
                        Text("设备配置", "Profile"),
                        Text("寄存器表在配置中", "the map of registers is in it"),
                        needed=True,
                    ),
                ),
            ),
        )
    }
)
"""Ways in that are set up. CoAP/LwM2M, A5 5A and HTTP with a device's own token need none: the devices are registered."""

PROTOCOLS: Mapping[str, Text] = MappingProxyType(
    {
        "gb26875": Text("GB/T 26875.3", "GB/T 26875.3"),
        "http": Text("HTTP JSON", "HTTP JSON"),
        "mqtt": Text("MQTT", "MQTT"),
        "coap": Text("CoAP / LwM2M", "CoAP / LwM2M"),
        "ctwing": Text("天翼物联 CTWing", "CTWing"),
        "onenet": Text("OneNET 旧版", "OneNET, classic"),
        "studio": Text("OneNET Studio", "OneNET Studio"),
        "iotda": Text("华为云 IoTDA", "Huawei IoTDA"),
        "modbus": Text("Modbus TCP", "Modbus TCP"),
        "a55a": Text("A5 5A 终端", "A5 5A terminal"),
    }
)
"""Every protocol a device can be registered with."""
