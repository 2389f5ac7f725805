import { z } from "zod";

/** Body of `POST /api/v1/auth/login` (spec 2.1). The password is its MD5 in hex, or plain (decisions, "Auth"). */
export const LoginBody = z.object({
  username: z.string().min(1).max(64),
  password: z.string().min(1).max(256),
});
export type LoginBody = z.infer<typeof LoginBody>;

export interface LoginUser {
  id: number;
  username: string;
  nickname: string;
  avatar: string;
  role: "USER" | "ADMIN";
}

export interface LoginAnswer {
  token: string;
  refreshToken: string;
  expiresIn: number;
  user: LoginUser;
}
