use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair,
        UnparsedPublicKey,
    },
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{clock, identity::REGION};

/// Issues the tokens of one user pool, as JWS in compact form (RFC 7515), with a key that exists as long as
/// the process. Cognito signs with RS256; this is ES256, because a key for that can be made here.
#[derive(Debug)]
pub(crate) struct Issuer {
    /// `us-east-1_AbCdEf`.
    pool: String,
    key: EcdsaKeyPair,
    random: SystemRandom,
}

/// What a token is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Says who the user is.
    Id,
    /// Lets its bearer change the user.
    Access,
}

/// Why a token is not valid, or cannot be issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It has not the form of a token, or the signature is of another issuer.
    #[error("the token is not signed by this user pool")]
    Signature,
    /// It is of another pool, or no id token.
    #[error("the token is not an id token of this user pool")]
    Claims,
    /// Its time is over.
    #[error("The incoming token has expired")]
    Expired,
    /// No method of the API demands tokens.
    #[error("the template's API has no user pool; --parameter ApiAuth=JWT gives ours one")]
    NoPool,
    /// The system has no random numbers.
    #[error("cannot make or use a key")]
    Key,
}

impl Issuer {
    /// The issuer of the pool with that id.
    pub(crate) fn new(pool: &str) -> Result<Self, TokenError> {
        let random = SystemRandom::new();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let key = EcdsaKeyPair::generate_pkcs8(algorithm, &random).map_err(|_| TokenError::Key)?;
        let key = EcdsaKeyPair::from_pkcs8(algorithm, key.as_ref(), &random);
        Ok(Self { pool: pool.to_owned(), key: key.map_err(|_| TokenError::Key)?, random })
    }

    /// Issues a token for a user, who is known by that `sub`, to a client, for `seconds` from now.
    /// See <https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html>.
    pub(crate) fn issue(
        &self,
        user: &str,
        client: &str,
        purpose: Use,
        seconds: i64,
    ) -> Result<String, TokenError> {
        let now = clock::date_time().timestamp();
        let mut claims = json!({
            "sub": user,
            "iss": self.name(),
            "auth_time": now,
            "iat": now,
            "exp": now + seconds,
            "jti": Uuid::new_v4().to_string(),
        });
        match purpose {
            Use::Id => {
                claims["token_use"] = "id".into();
                claims["aud"] = client.into();
                claims["cognito:username"] = user.into();
            }
            Use::Access => {
                claims["token_use"] = "access".into();
                claims["client_id"] = client.into();
                claims["username"] = user.into();
            }
        }
        let header = json!({ "alg": "ES256", "typ": "JWT" });
        let encode = |json: &Value| URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", encode(&header), encode(&claims));
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = signature.map_err(|_| TokenError::Key)?;
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The claims of an id token, if it is valid: signature, issuer, purpose, time. Whether it was issued to
    /// the right client is for the API to say, as on AWS.
    pub(crate) fn verify(&self, token: &str) -> Result<Value, TokenError> {
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Signature)?;
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| TokenError::Signature);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key());
        // The algorithm is ours, whatever the token's header says.
        key.verify(signed.as_bytes(), &decode(signature)?).map_err(|_| TokenError::Signature)?;
        let (_, claims) = signed.split_once('.').ok_or(TokenError::Signature)?;
        let claims: Value =
            serde_json::from_slice(&decode(claims)?).map_err(|_| TokenError::Signature)?;
        if claims["iss"] != self.name() || claims["token_use"] != "id" {
            return Err(TokenError::Claims);
        }
        let expires = claims["exp"].as_i64().unwrap_or_default();
        if clock::date_time().timestamp() >= expires {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }

    /// `iss`.
    fn name(&self) -> String {
        format!("https://cognito-idp.{REGION}.amazonaws.com/{}", self.pool)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_that_are_valid_and_tokens_that_are_not() {
        let issuer = Issuer::new("us-east-1_a").unwrap();
        let issue = |purpose, seconds| issuer.issue("me", "shop", purpose, seconds).unwrap();
        let valid = issue(Use::Id, 60);
        let claims = issuer.verify(&valid).unwrap();
        assert_eq!((&claims["sub"], &claims["aud"]), (&json!("me"), &json!("shop")));
        let [header, claims, signature]: [&str; 3] =
            valid.split('.').collect::<Vec<_>>().try_into().unwrap();
        let forged = URL_SAFE_NO_PAD.decode(claims).unwrap();
        let forged = String::from_utf8(forged).unwrap().replace("\"me\"", "\"you\"");
        let forged = URL_SAFE_NO_PAD.encode(forged);
        let unsigned = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
        // Another pool has another key, and the same pool after a restart too.
        let other = Issuer::new("us-east-1_a").unwrap().issue("me", "shop", Use::Id, 60).unwrap();
        for (token, error) in [
            (String::new(), TokenError::Signature),
            ("a.b".to_owned(), TokenError::Signature),
            ("a.b.c".to_owned(), TokenError::Signature),
            (format!("{header}.{forged}.{signature}"), TokenError::Signature),
            (format!("{unsigned}.{claims}."), TokenError::Signature),
            (format!("{unsigned}.{claims}.{signature}"), TokenError::Signature),
            (other, TokenError::Signature),
            (issue(Use::Access, 60), TokenError::Claims),
            (issue(Use::Id, 0), TokenError::Expired),
            (issue(Use::Id, -60), TokenError::Expired),
        ] {
            assert_eq!(issuer.verify(&token), Err(error), "{token}");
        }
    }
}
